#include "registry/private_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/random.h"

namespace apiclient::registry {
namespace {

constexpr std::size_t kMaxBytes = 1U << 20U;

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  [[nodiscard]] int get() const { return value_; }
  [[nodiscard]] bool open() const { return value_ >= 0; }

 private:
  const int value_;
};

Failure failed(const std::string& operation, const std::string& path) {
  const ErrorKind kind = errno == EEXIST ? ErrorKind::already_exists : ErrorKind::invalid;
  return fail(kind, operation + " " + path + ": " + std::generic_category().message(errno));
}

Result<void> write_all(const Descriptor& file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno != EINTR) return failed("write", path);
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) return failed("sync", path);
  return {};
}

std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

Result<void> sync_folder_of(const std::string& path) {
  const std::string folder = folder_of(path);
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.open() || ::fsync(descriptor.get()) != 0) return failed("sync", folder);
  return {};
}

/// A new file, mode 0600, of the owner of `original` if given; not there when this fails.
Result<void> write_draft(const std::string& draft, const Secret& content, const struct stat* original) {
  const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.open()) return failed("create", draft);
  Result<void> written = write_all(file, content.reveal(), draft);
  if (written && original != nullptr && ::fchown(file.get(), original->st_uid, original->st_gid) != 0)
    written = failed("change the owner of", draft);
  if (!written) ::unlink(draft.c_str());
  return written;
}

}  // namespace

Result<std::optional<PrivateFile>> read_private_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open() && errno == ENOENT) return std::optional<PrivateFile>{};
  struct stat status {};
  if (!file.open() || ::fstat(file.get(), &status) != 0) return failed("read", path);

  std::vector<char, ZeroizingAllocator<char>> content(kMaxBytes);
  std::size_t size = 0;
  for (;;) {
    const ssize_t got = ::read(file.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size == content.size()) return fail(ErrorKind::invalid, "read " + path + ": larger than 1 MiB");
  }
  return std::optional<PrivateFile>(
      PrivateFile{.content = Secret(std::string_view(content.data(), size)),
                  .readable_by_others = (status.st_mode & (S_IROTH | S_IWOTH)) != 0});
}

Result<void> create_private_file(const std::string& path, const Secret& content) {
  const std::string draft = path + "." + random_id();
  RETURN_IF_ERROR(write_draft(draft, content, nullptr));
  // A link, not a rename: it fails when the file appeared meanwhile.
  Result<void> linked = ::link(draft.c_str(), path.c_str()) == 0 ? Result<void>{} : failed("create", path);
  ::unlink(draft.c_str());
  RETURN_IF_ERROR(std::move(linked));
  return sync_folder_of(path);
}

Result<void> replace_private_file(const std::string& path,
                                  const std::function<Result<Secret>(const Secret&)>& make_content) {
  const Descriptor folder(::open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open()) return failed("open the folder of", path);
  if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorKind::conflict, "another process is replacing a file beside " + path);
  ASSIGN_OR_RETURN(const auto old, read_private_file(path));
  struct stat status {};
  if (!old || ::stat(path.c_str(), &status) != 0)
    return fail(ErrorKind::not_found, "there is no file " + path);
  ASSIGN_OR_RETURN(const Secret content, make_content(old->content));
  const std::string draft = path + "." + random_id();
  RETURN_IF_ERROR(write_draft(draft, content, &status));
  if (::rename(draft.c_str(), path.c_str()) != 0) {
    const Failure failure = failed("replace", path);
    ::unlink(draft.c_str());
    return failure;
  }
  return sync_folder_of(path);
}

}  // namespace apiclient::registry
