# Warnings are errors everywhere but in release, where a newer compiler must not break a build.
option(APICLIENT_WERROR "Treat warnings as errors" ON)
add_library(apiclient_warnings INTERFACE)
target_compile_options(
  apiclient_warnings
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
            -Woverloaded-virtual -Wold-style-cast -Wcast-align -Wdouble-promotion
            -Wno-restrict # GCC 12 sees phantoms in std::string (bug 105651)
            -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wuseless-cast -Wextra-semi -Wformat=2
            $<$<BOOL:${APICLIENT_WERROR}>:-Werror>)
