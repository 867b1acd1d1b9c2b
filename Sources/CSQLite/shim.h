// SQLite, as Debian's libsqlite3-dev installs it.
#pragma once
#include <sqlite3.h>
