#include "app/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

namespace apiclient::app {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

void wait_for_signal() {
  const sigset_t set = stop_signals();
  int signal = 0;
  sigwait(&set, &signal);
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // A peer that closes a connection must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  waiter_ = std::jthread([this](const std::stop_token& stop) {
    wait_for_signal();
    source_.request_stop();
    if (stop.stop_requested()) return;
    wait_for_signal();
    if (!stop.stop_requested()) _exit(1);
  });
}

StopSignals::~StopSignals() {
  waiter_.request_stop();
  pthread_kill(waiter_.native_handle(), SIGTERM);
}

}  // namespace apiclient::app
