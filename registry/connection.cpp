#include "registry/connection.h"

namespace apiclient::registry {
namespace {

// Below the 4 s after which callers of the admin API give up.
constexpr int kBusyTimeoutMs = 3000;

}  // namespace

Query::~Query() {
  if (statement_ == nullptr) return;
  statement_->tryReset();
  statement_->clearBindings();
}

Query& Query::text(std::string_view value) {
  statement_->bind(++bound_, std::string(value));
  return *this;
}

Query& Query::blob(std::string_view value) {
  statement_->bind(++bound_, static_cast<const void*>(value.data()), static_cast<int>(value.size()));
  return *this;
}

Query& Query::integer(std::int64_t value) {
  statement_->bind(++bound_, value);
  return *this;
}

Query& Query::optional_integer(std::optional<std::int64_t> value) {
  if (value) return integer(*value);
  statement_->bind(++bound_);
  return *this;
}

Query& Query::optional_text(std::optional<std::string_view> value) {
  if (value) return text(*value);
  statement_->bind(++bound_);
  return *this;
}

std::string Query::text_at(int column) const { return statement_->getColumn(column).getString(); }

Connection::Connection(const std::string& file, Mode mode)
    : database_(file,
                SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX |
                    (mode == Mode::read_write ? SQLite::OPEN_CREATE : 0),
                kBusyTimeoutMs) {
  execute("PRAGMA journal_mode=WAL");
  execute("PRAGMA synchronous=FULL");
  execute("PRAGMA foreign_keys=ON");
  if (mode == Mode::read_only) execute("PRAGMA query_only=ON");
}

Query Connection::query(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) found = statements_.try_emplace(sql, database_, std::string(sql)).first;
  return Query(found->second);
}

}  // namespace apiclient::registry
