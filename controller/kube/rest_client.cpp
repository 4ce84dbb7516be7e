#include "kube/rest_client.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/secret.h"
#include "json/reader.h"
#include "kube/api_error.h"
#include "kube/api_request.h"

namespace apiclient::kube {
namespace {

// A server may ignore `limit` (it does for resourceVersion=0 from its watch cache), so that a page is a whole
// list; the transport has its own bound.
constexpr json::ParseLimits kReplyLimits{.max_bytes = 1U << 30U};

/// "create secrets team-a/x"
std::string operation(std::string_view verb, const ResourceType& type, const ObjectKey& key) {
  std::string text(verb);
  text.append(" ").append(type.resource);
  const std::string where = key.name.empty() ? key.namespace_name : key.text();
  return where.empty() ? text : text.append(" ").append(where);
}

template <typename T>
Result<T> named(Result<T> result, const std::string& operation) {
  if (result) return result;
  return fail(std::move(result).error().in(operation));
}

struct ListPage {
  Json items;
  std::string resource_version;
  std::string continue_token;
};

/// A kind other than a list is a Table, which proxies negotiate, or somebody else's answer. Full objects in
/// place of metadata are refused, because they may hold what must not be kept.
Result<ListPage> read_page(Json&& document, Content content) {
  json::Problems problems;
  const json::Reader reader(document, problems);
  const std::string kind = reader.text("kind");
  const bool expected =
      content == Content::metadata ? kind == "PartialObjectMetadataList" : kind.ends_with("List");
  const json::Reader metadata = reader.object("metadata");
  ListPage page{.items = Json::array(),
                .resource_version = metadata.text("resourceVersion"),
                .continue_token = metadata.optional_text("continue").value_or("")};
  if (!expected || !problems.all().empty())
    return fail(ErrorKind::protocol, "the answer is not a list of objects");
  if (!reader.has("items")) return page;
  if (!reader.raw("items").is_array())
    return fail(ErrorKind::protocol, "the items of the list are not an array");
  page.items = std::move(document["items"]);
  return page;
}

bool is_metadata_only(const WatchEvent& event) {
  const auto has_kind = [](const Json& object) {
    json::Problems ignored;
    return json::Reader(object, ignored).optional_text("kind") == "PartialObjectMetadata";
  };
  if (const auto* changed = std::get_if<ObjectChanged>(&event)) return has_kind(changed->object);
  if (const auto* deleted = std::get_if<ObjectDeleted>(&event)) return has_kind(deleted->object);
  return true;
}

/// A request with a token in it, wiped when it is over.
class Authorized {
 public:
  Authorized(http::Request request, const Secret& token) : request_(std::move(request)) {
    if (token.empty()) return;
    std::string& header = request_.headers["Authorization"];
    header.reserve(7 + token.size());  // one allocation, so that there is one copy to wipe
    header.append("Bearer ").append(token.reveal());
  }
  Authorized(const Authorized&) = delete;
  Authorized& operator=(const Authorized&) = delete;
  ~Authorized() {
    if (const auto found = request_.headers.find("Authorization"); found != request_.headers.end()) {
      wipe(found->second);
    }
  }
  [[nodiscard]] const http::Request& request() const { return request_; }

 private:
  http::Request request_;
};

}  // namespace

RestClient::RestClient(Wiring wiring) : wiring_(wiring) {}

void RestClient::account(const http::Request& request, const Result<http::Response>& outcome,
                         BootTime used_at) {
  wiring_.metrics.api_request(
      http::to_string(request.method),
      outcome ? std::to_string(outcome->status_code) : std::string(to_string(outcome.error().kind)));
  if (!outcome) return;
  if (outcome->status_code == 401) wiring_.token.rejected(used_at);
  warnings_.note(http::find_header(outcome->headers, "Warning"));
}

Result<http::Response> RestClient::send(Result<http::Request> request, const std::stop_token& stop) {
  if (!request) return failure_of(std::move(request));
  ASSIGN_OR_RETURN(const Secret token, wiring_.token.token());
  const BootTime used_at = wiring_.clock.now();
  request->timeout = wiring_.timeout;
  const Authorized authorized(std::move(*request), token);
  auto response = wiring_.unary.send(authorized.request(), stop);
  wiring_.metrics.api_request_took(http::to_string(authorized.request().method),
                                   wiring_.clock.now() - used_at);
  account(authorized.request(), response, used_at);
  return response;
}

Result<Json> RestClient::send_for_object(Result<http::Request> request, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const http::Response response, send(std::move(request), stop));
  if (!response.ok()) return fail(error_from(response));
  ASSIGN_OR_RETURN(Json document, json::parse(response.body, kReplyLimits));
  if (!document.is_object()) return fail(ErrorKind::protocol, "the answer is not a JSON object");
  return document;
}

Result<std::optional<Json>> RestClient::find(const ResourceType& type, const ObjectKey& key,
                                             std::stop_token stop) {
  const auto look_up = [&]() -> Result<std::optional<Json>> {
    ASSIGN_OR_RETURN(const http::Response response, send(find_request(type, key), stop));
    if (is_absence(response, type, key.name)) return std::optional<Json>();
    if (!response.ok()) return fail(error_from(response));
    ASSIGN_OR_RETURN(Json object, json::parse(response.body, kReplyLimits));
    if (key_in(object).name != key.name) return fail(ErrorKind::protocol, "the answer is another object");
    return std::optional<Json>(std::move(object));
  };
  return named(look_up(), operation("find", type, key));
}

Result<std::string> RestClient::list(const ResourceType& type, const ListOptions& options,
                                     const std::function<Result<void>(Json&& item)>& on_item,
                                     std::stop_token stop) {
  return named(list_pages(type, options, on_item, stop),
               operation("list", type, {.namespace_name = options.namespace_name}));
}

Result<std::string> RestClient::list_pages(const ResourceType& type, const ListOptions& options,
                                           const std::function<Result<void>(Json&& item)>& on_item,
                                           const std::stop_token& stop) {
  std::string continue_token;
  while (true) {
    ASSIGN_OR_RETURN(Json document, send_for_object(list_request(type, options, continue_token), stop));
    ASSIGN_OR_RETURN(ListPage page, read_page(std::move(document), options.content));
    for (Json& item : page.items) RETURN_IF_ERROR(on_item(std::move(item)));
    if (page.continue_token.empty()) return page.resource_version;
    if (page.continue_token == continue_token) return fail(ErrorKind::protocol, "the list does not advance");
    continue_token = std::move(page.continue_token);
  }
}

Result<void> RestClient::watch(const ResourceType& type, const WatchOptions& options,
                               const std::function<Result<void>(WatchEvent&& event)>& on_event,
                               std::stop_token stop) {
  const auto run = [&]() -> Result<void> {
    ASSIGN_OR_RETURN(const Secret token, wiring_.token.token());
    const BootTime used_at = wiring_.clock.now();
    const Authorized authorized(watch_request(type, options), token);
    WatchDecoder decoder([&](WatchEvent&& event) -> Result<void> {
      if (options.content == Content::metadata && !is_metadata_only(event)) {
        return fail(ErrorKind::protocol, "a watch event with more than metadata");
      }
      return on_event(std::move(event));
    });
    bool opened = false;
    auto response = wiring_.watch.stream(
        authorized.request(),
        [&](std::string_view chunk) {
          opened = true;
          return decoder.feed(chunk);
        },
        stop);
    // How a stream ended says nothing about the request that opened it.
    account(authorized.request(), opened && !response ? http::Response{.status_code = 200} : response,
            used_at);
    if (!response) return failure_of(std::move(response));
    if (!response->ok()) return fail(error_from(*response));
    return decoder.finish();
  };
  return named(run(), operation("watch", type, {.namespace_name = options.namespace_name}));
}

Result<Json> RestClient::create(const ResourceType& type, const Json& object, std::string_view field_manager,
                                std::stop_token stop) {
  return named(send_for_object(create_request(type, object, field_manager), stop),
               operation("create", type, key_in(object)));
}

Result<Json> RestClient::replace(const ResourceType& type, const Json& object, std::string_view field_manager,
                                 std::stop_token stop) {
  return named(send_for_object(replace_request(type, object, field_manager), stop),
               operation("replace", type, key_in(object)));
}

Result<void> RestClient::rehearse(const ResourceType& type, const Json& object,
                                  std::string_view field_manager, std::stop_token stop) {
  RETURN_IF_ERROR(named(send_for_object(rehearse_request(type, object, field_manager), stop),
                        operation("rehearse", type, key_in(object))));
  return {};
}

Result<Json> RestClient::replace_status(const ResourceType& type, const Json& object,
                                        std::string_view field_manager, std::stop_token stop) {
  return named(send_for_object(replace_status_request(type, object, field_manager), stop),
               operation("replace status of", type, key_in(object)));
}

Result<Json> RestClient::merge_patch(const ResourceType& type, const ObjectKey& key, const Json& patch,
                                     std::string_view field_manager, std::stop_token stop) {
  return named(send_for_object(merge_patch_request(type, key, patch, field_manager), stop),
               operation("patch", type, key));
}

Result<void> RestClient::remove(const ResourceType& type, const ObjectKey& key,
                                const Preconditions& preconditions, std::stop_token stop) {
  const auto delete_it = [&]() -> Result<void> {
    ASSIGN_OR_RETURN(const http::Response response, send(remove_request(type, key, preconditions), stop));
    if (response.ok() || is_absence(response, type, key.name)) return {};
    return fail(error_from(response));
  };
  return named(delete_it(), operation("delete", type, key));
}

}  // namespace apiclient::kube
