#pragma once
// A small API server in memory, with the rules of the real one that an operator depends on: names and uids,
// resource versions and preconditions, generation, the status subresource, finalizers, merge patches and
// watches. Calls that kube::RestClient would not send are refused in the same way. There is no admission, no
// schema, no managedFields and no paging. Thread-safe; call-backs run without its lock.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "kube/client.h"

namespace apiclient::test {

/// The members of kube::Client.
enum class Verb { find, list, watch, create, replace, rehearse, replace_status, merge_patch, remove };
std::string_view to_string(Verb verb);

class FakeKube final : public kube::Client {
 public:
  struct Write {
    Verb verb;
    std::string resource;
    kube::ObjectKey key;
    std::string field_manager;  ///< empty for remove
    Json body;                  ///< as sent: the object, the patch, or null for remove
  };

  FakeKube() = default;
  /// For creationTimestamp and deletionTimestamp; not owned.
  explicit FakeKube(const Clock& clock) : clock_(clock) {}

  // What other people do: no hook, no fault, no record.
  // -------------------------------------------------------
  /// Creates or overwrites, status included; gives uid, resourceVersion and times where they are missing.
  Json put(const kube::ResourceType& type, Json object);
  /// Makes it gone, finalizers or not.
  void erase(const kube::ResourceType& type, const kube::ObjectKey& key);
  /// As stored; null when absent.
  [[nodiscard]] Json get(const kube::ResourceType& type, const kube::ObjectKey& key) const;
  [[nodiscard]] std::vector<Json> all(const kube::ResourceType& type) const;

  // Switches
  // --------------------------------------------------------------------------------------------------
  /// The next such call fails so, and nothing is done. Several queue up.
  void fail_next(Verb verb, std::string resource, Error error);
  /// The next such write is carried out, and then its reply is lost (`unavailable`).
  void lose_reply_next(Verb verb, std::string resource);
  /// Called before each write is looked at; may call put and erase to let somebody else be faster.
  void on_write(std::function<void(const Write&)> hook);
  /// Creates in it are refused from now on, as in a namespace that is being deleted.
  void terminate_namespace(std::string name);
  /// Watches from an older resource version get `expired`.
  void compact();
  /// Each open watch gets a bookmark.
  void send_bookmarks();
  /// Each open watch ends, cleanly or with the error.
  void end_watches(std::optional<Error> error = std::nullopt);

  // What happened
  // ---------------------------------------------------------------------------------------------
  /// Writes that were carried out, those with a lost reply too, in order.
  [[nodiscard]] std::vector<Write> writes() const;
  void clear_writes();
  /// Calls of any outcome.
  [[nodiscard]] int calls(Verb verb, const std::string& resource) const;

  // kube::Client
  // ----------------------------------------------------------------------------------------------
  Result<std::optional<Json>> find(const kube::ResourceType& type, const kube::ObjectKey& key,
                                   std::stop_token stop) override;
  Result<std::string> list(const kube::ResourceType& type, const kube::ListOptions& options,
                           const std::function<Result<void>(Json&& item)>& on_item,
                           std::stop_token stop) override;
  Result<void> watch(const kube::ResourceType& type, const kube::WatchOptions& options,
                     const std::function<Result<void>(kube::WatchEvent&& event)>& on_event,
                     std::stop_token stop) override;
  Result<Json> create(const kube::ResourceType& type, const Json& object, std::string_view field_manager,
                      std::stop_token stop) override;
  Result<Json> replace(const kube::ResourceType& type, const Json& object, std::string_view field_manager,
                       std::stop_token stop) override;
  Result<void> rehearse(const kube::ResourceType& type, const Json& object, std::string_view field_manager,
                        std::stop_token stop) override;
  Result<Json> replace_status(const kube::ResourceType& type, const Json& object,
                              std::string_view field_manager, std::stop_token stop) override;
  Result<Json> merge_patch(const kube::ResourceType& type, const kube::ObjectKey& key, const Json& patch,
                           std::string_view field_manager, std::stop_token stop) override;
  Result<void> remove(const kube::ResourceType& type, const kube::ObjectKey& key,
                      const kube::Preconditions& preconditions, std::stop_token stop) override;

 private:
  /// One change of the history; `before` or `after` is null at the ends of a life. Both null: a bookmark for
  /// all.
  struct Change {
    std::int64_t version;
    std::string resource;
    Json before;
    Json after;
  };
  struct Fault {
    Verb verb;
    std::string resource;
    Error error;
    bool after_doing;
  };
  struct State {
    std::int64_t version = 1000;
    std::int64_t compacted = 0;
    std::int64_t uids = 0;
    std::map<std::string, std::map<kube::ObjectKey, Json>> objects;
    std::vector<Change> history;
    std::deque<Fault> faults;
    std::vector<Write> writes;
    std::map<std::pair<Verb, std::string>, int> calls;
    std::set<std::string> terminating;
    std::function<void(const Write&)> hook;
    int watch_epoch = 0;
    std::optional<Error> watch_end;
  };
  /// One open watch: what it has not handed out, and where it goes on in the history.
  struct Watch {
    int epoch = 0;
    std::chrono::steady_clock::time_point deadline = {};
    std::size_t next = 0;
    std::vector<Change> pending = {};
  };
  class Server;

  Result<Watch> open_watch(const kube::ResourceType& type, const kube::WatchOptions& options);
  Result<bool> wait_for_changes(Watch& watch, const std::stop_token& stop);
  Result<void> enter(Verb verb, const std::string& resource, const std::stop_token& stop);
  Result<Json> write(Write request, const std::function<Result<Json>(Server&)>& apply,
                     const std::stop_token& stop);

  SystemClock system_clock_;
  const Clock& clock_ = system_clock_;
  mutable Guarded<State> state_;
  std::condition_variable_any changed_;
};

}  // namespace apiclient::test
