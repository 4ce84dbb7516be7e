#include "app/idle_memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "runtime/pause.h"

namespace apiclient::app {
namespace {

/// "begin-end perms …" at the head of each part; empty for the lines of numbers below it.
struct Head {
  MappedRange range;
  bool read_only_file = false;
};

std::optional<Head> read_head(std::string_view line) {
  Head head;
  const char* const last = line.data() + line.size();
  const auto begin = std::from_chars(line.data(), last, head.range.begin, 16);
  if (begin.ec != std::errc() || begin.ptr == last || *begin.ptr != '-') return std::nullopt;
  const auto end = std::from_chars(begin.ptr + 1, last, head.range.end, 16);
  if (end.ec != std::errc() || last - end.ptr < 5) return std::nullopt;
  const std::string_view permissions(end.ptr + 1, 4);
  head.read_only_file = permissions[1] == '-' && permissions[3] == 'p' && line.find(" /") != line.npos;
  return head;
}

bool says_never_written(std::string_view line) {
  constexpr std::string_view kName = "Anonymous:";
  if (!line.starts_with(kName)) return false;
  line.remove_prefix(std::min(line.find_first_not_of(' ', kName.size()), line.size()));
  return line == "0 kB";
}

void drop_start_up_pages() {
  std::ifstream file("/proc/self/smaps");
  std::ostringstream text;
  text << file.rdbuf();
  for (const MappedRange& range : droppable_ranges(text.str())) {
    // The kernel's interface takes addresses as pointers.
    // NOLINTNEXTLINE(performance-no-int-to-ptr,cppcoreguidelines-pro-type-reinterpret-cast)
    madvise(reinterpret_cast<void*>(range.begin), range.end - range.begin, MADV_DONTNEED);
  }
}

}  // namespace

std::vector<MappedRange> droppable_ranges(std::string_view smaps) {
  std::vector<MappedRange> ranges;
  Head current;
  while (!smaps.empty()) {
    const std::string_view line = smaps.substr(0, smaps.find('\n'));
    smaps.remove_prefix(std::min(line.size() + 1, smaps.size()));
    if (const auto head = read_head(line)) {
      current = *head;
    } else if (current.read_only_file && says_never_written(line)) {
      ranges.push_back(current.range);
    }
  }
  return ranges;
}

IdleMemory::IdleMemory(std::chrono::milliseconds after_start, std::chrono::milliseconds interval)
    : after_start_(after_start), interval_(interval) {}

Result<void> IdleMemory::run(std::stop_token stop) {
  runtime::pause(after_start_, stop);
  if (!stop.stop_requested()) drop_start_up_pages();
  while (!stop.stop_requested()) {
    malloc_trim(0);
    runtime::pause(interval_, stop);
  }
  return {};
}

}  // namespace apiclient::app
