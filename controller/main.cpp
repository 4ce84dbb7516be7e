#include "app/controller_app.h"

int main(int argc, char** argv) { return apiclient::app::controller_main(argc, argv); }
