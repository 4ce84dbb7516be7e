#pragma once
// One SQLite connection with its prepared statements, each compiled once. Throws SQLite::Exception, which
// only database.cpp catches. Not thread-safe: `Database` hands it to one thread at a time.

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace apiclient::registry {

/// One run of a prepared statement; resets it at the end, so that no read lock is left behind.
class Query {
 public:
  explicit Query(SQLite::Statement& statement) : statement_(&statement) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query(Query&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)), bound_(other.bound_) {}
  Query& operator=(Query&&) = delete;
  ~Query();

  /// Binds the next parameter.
  Query& text(std::string_view value);
  Query& blob(std::string_view value);
  Query& integer(std::int64_t value);
  Query& optional_integer(std::optional<std::int64_t> value);
  Query& optional_text(std::optional<std::string_view> value);

  /// True while there is a row.
  bool next() { return statement_->executeStep(); }
  /// Runs to the end; the number of rows changed.
  int run() { return statement_->exec(); }

  [[nodiscard]] std::string text_at(int column) const;
  [[nodiscard]] std::string blob_at(int column) const { return text_at(column); }
  [[nodiscard]] std::int64_t integer_at(int column) const { return statement_->getColumn(column).getInt64(); }
  [[nodiscard]] bool null_at(int column) const { return statement_->getColumn(column).isNull(); }

 private:
  SQLite::Statement* statement_;
  int bound_ = 0;
};

class Connection {
 public:
  enum class Mode { read_only, read_write };

  /// WAL, synchronous=FULL, foreign keys, a busy timeout of 3 s. Read-write creates the file.
  Connection(const std::string& file, Mode mode);

  /// `sql` must be a literal: it is the key of the statement cache. At most one run at a time.
  Query query(std::string_view sql);
  /// Statements without parameters and results.
  void execute(const std::string& sql) { database_.exec(sql); }
  [[nodiscard]] SQLite::Database& handle() { return database_; }

 private:
  SQLite::Database database_;
  std::map<std::string_view, SQLite::Statement> statements_;
};

}  // namespace apiclient::registry
