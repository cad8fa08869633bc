// What GRDB's SQLite module can't offer: a variadic function.
#ifndef TWILIOFS_CSQLITE_SHIM_H
#define TWILIOFS_CSQLITE_SHIM_H

// As in sqlite3.h, which GRDB's module includes: its types would be there twice.
int sqlite3_config(int option, ...);

// Has SQLite not sum up the memory that it takes (SQLITE_CONFIG_MEMSTATUS, 9): it takes a lock for each piece. Refused,
// without harm, once SQLite is in use.
static inline int twiliofs_sqlite_omit_memory_statistics(void) {
    return sqlite3_config(9, 0);
}

#endif
