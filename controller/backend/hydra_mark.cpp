#include "backend/hydra_mark.h"

#include <nlohmann/json.hpp>

#include "json/reader.h"

namespace apiclient::backend::hydra {
namespace {

constexpr const char* kMetadata = "metadata";

}  // namespace

std::optional<Mark> read_mark(const Json& client) {
  json::Problems problems;
  const json::Reader metadata = json::Reader(client, problems).object(kMetadata);
  if (!metadata.has(kMarkMember)) return std::nullopt;
  if (!problems.all().empty()) return Mark{};
  return read_client_mark(metadata.raw(kMarkMember));
}

void write_mark(Json& client, const Mark& mark) {
  Json& metadata = client[kMetadata];
  if (!metadata.is_object()) metadata = Json::object();
  metadata[std::string(kMarkMember)] = write_client_mark(mark);
}

}  // namespace apiclient::backend::hydra
