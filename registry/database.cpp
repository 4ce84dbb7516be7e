#include "registry/database.h"

#include <sqlite3.h>

#include "registry/migrations.h"

namespace apiclient::registry {
namespace {

Failure failure_from(const SQLite::Exception& error) {
  const int code = error.getErrorCode();
  const bool passing =
      code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_FULL || code == SQLITE_IOERR;
  return fail(passing ? ErrorKind::unavailable : ErrorKind::internal,
              std::string("database: ") + error.what());
}

/// On a connection of its own, so that no other one has seen the old schema.
Result<void> migrate_file(const std::string& file) {
  Connection connection(file, Connection::Mode::read_write);
  return migrate(connection);
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& file, std::size_t readers) {
  try {
    RETURN_IF_ERROR(migrate_file(file));
    return std::unique_ptr<Database>(new Database(file, readers));
  } catch (const SQLite::Exception& error) {
    return failure_from(error);
  }
}

Database::Database(const std::string& file, std::size_t readers)
    : writer_(file, Connection::Mode::read_write) {
  for (std::size_t i = 0; i < readers; ++i) {
    readers_.push_back(std::make_unique<Connection>(file, Connection::Mode::read_only));
    idle_readers_.push_back(readers_.back().get());
  }
}

Result<void> Database::in_transaction(const Step& step) {
  const std::scoped_lock lock(write_mutex_);
  try {
    SQLite::Transaction transaction(writer_.handle(), SQLite::TransactionBehavior::IMMEDIATE);
    if (step(writer_)) transaction.commit();
    return {};
  } catch (const SQLite::Exception& error) {
    return failure_from(error);
  }
}

Result<void> Database::in_snapshot(const Step& step) {
  Connection& reader = borrow_reader();
  const std::shared_ptr<void> returned(nullptr, [&](void*) { give_back(reader); });
  try {
    SQLite::Transaction snapshot(reader.handle());
    step(reader);
    snapshot.commit();
    return {};
  } catch (const SQLite::Exception& error) {
    return failure_from(error);
  }
}

Connection& Database::borrow_reader() {
  std::unique_lock lock(read_mutex_);
  reader_returned_.wait(lock, [this] { return !idle_readers_.empty(); });
  Connection& reader = *idle_readers_.back();
  idle_readers_.pop_back();
  return reader;
}

void Database::give_back(Connection& reader) {
  const std::scoped_lock lock(read_mutex_);
  idle_readers_.push_back(&reader);
  reader_returned_.notify_one();
}

}  // namespace apiclient::registry
