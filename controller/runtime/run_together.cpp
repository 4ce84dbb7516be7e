#include "runtime/run_together.h"

#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "runtime/thread_entry.h"

namespace apiclient::runtime {

Result<void> run_together(const std::string& name, std::size_t count,
                          const std::function<Result<void>(std::size_t number, std::stop_token stop)>& body,
                          const std::stop_token& stop) {
  std::stop_source ending;
  const std::stop_callback ends_too(stop, [&ending] { ending.request_stop(); });
  Guarded<std::optional<Error>> failure;
  const auto run = [&](std::size_t number) {
    name_this_thread(name + "-" + std::to_string(number));
    auto ended = run_guarded([&] { return body(number, ending.get_token()); });
    if (ended) return;
    auto first = failure.lock();
    if (!*first) *first = std::move(ended).error();
    ending.request_stop();
  };
  std::vector<std::jthread> threads;
  for (std::size_t number = 0; number < count; ++number) threads.emplace_back(run, number);
  threads.clear();  // joins them
  if (auto error = failure.copy()) return fail(std::move(*error));
  return {};
}

}  // namespace apiclient::runtime
