#pragma once
// What can be done to the API server of $APICLIENT_CONTROLPLANE. Each returns when it is done and answers
// again (a paused one does not).

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace apiclient::test {

inline void control_server(const std::string& command) {
  const char* directory = std::getenv("APICLIENT_CONTROLPLANE");
  ASSERT_NE(directory, nullptr) << "run by tools/controlplane run";
  const std::string line =
      std::string(CONTROLPLANE_TOOL " ") + command + " --dir '" + directory + "' --component kube-apiserver";
  ASSERT_EQ(std::system(line.c_str()), 0) << line;
}
inline void restart_server() { control_server("restart"); }
inline void pause_server() { control_server("pause"); }
inline void resume_server() { control_server("resume"); }

}  // namespace apiclient::test
