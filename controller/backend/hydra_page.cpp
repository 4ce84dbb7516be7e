#include "backend/hydra_page.h"

#include <nlohmann/json.hpp>

#include "backend/hydra_mark.h"
#include "backend/registry_error.h"
#include "http/uri.h"
#include "json/json.h"
#include "json/reader.h"

namespace apiclient::backend::hydra {
namespace {

constexpr std::size_t kLongestVersion = 64;
constexpr std::size_t kLongestVersionAnswer = 4096;

/// The target of the link with this relation; links are parted by commas, and a target may hold some itself.
std::string_view target_of(std::string_view link, std::string_view relation) {
  while (!link.empty()) {
    const std::size_t begin = link.find('<');
    if (begin == std::string_view::npos) return {};
    const std::size_t end = link.find('>', begin);
    if (end == std::string_view::npos) return {};
    const std::string_view target = link.substr(begin + 1, end - begin - 1);
    link.remove_prefix(end + 1);
    if (link.substr(0, link.find('<')).find(relation) != std::string_view::npos) return target;
  }
  return {};
}

}  // namespace

Result<ClientPage> read_client_page(std::string_view body, std::string_view installation_id) {
  ASSIGN_OR_RETURN(const Json document, json::parse(body));
  if (!document.is_array()) return fail(ErrorKind::protocol, "the answer is not a list of clients");
  ClientPage page{.empty = document.empty()};
  for (const Json& client : document) {
    json::Problems problems;
    const std::string id = json::Reader(client, problems).text("client_id");
    if (id.empty()) return fail(ErrorKind::protocol, "the answer is not a list of clients");
    const auto mark = read_mark(client);
    if (mark && mark->owner.installation_id == installation_id) page.client_ids.push_back(id);
  }
  return page;
}

std::string next_page_token(std::string_view link) {
  const std::string_view target = target_of(link, "rel=\"next\"");
  const std::size_t query = target.find('?');
  if (query == std::string_view::npos) return {};
  const auto members = http::parse_form(target.substr(query + 1));
  if (!members) return {};
  for (const auto& [name, value] : *members) {
    if (name == "page_token") return value;
  }
  return {};
}

std::string read_server_version(std::string_view body) {
  const auto document = json::parse(body, {.max_bytes = kLongestVersionAnswer, .max_depth = 4});
  if (!document || !document->is_object()) return {};
  const auto version = document->find("version");
  const bool named = version != document->end() && version->is_string();
  return named ? cleaned(version->get_ref<const std::string&>(), kLongestVersion) : std::string();
}

}  // namespace apiclient::backend::hydra
