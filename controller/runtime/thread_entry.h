#pragma once
// What the body of every thread is wrapped in: an exception that leaves a jthread would end the process.

#include <pthread.h>

#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace apiclient::runtime {

/// Runs `body`, which returns a Result; an exception becomes an `internal` error of that type.
template <typename Body>
std::invoke_result_t<Body> run_guarded(Body&& body) {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& exception) {
    return fail(ErrorKind::internal, std::string("unexpected exception: ") + exception.what());
  } catch (...) {
    return fail(ErrorKind::internal, "unexpected exception of an unknown type");
  }
}

/// For debuggers and `top`; the kernel keeps 15 characters.
inline void name_this_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace apiclient::runtime
