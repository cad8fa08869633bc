// libfuse3's low-level API for Swift. Nothing but what the importer can't read: macros and inline functions.
#ifndef TWILIOFS_CFUSE_SHIM_H
#define TWILIOFS_CFUSE_SHIM_H

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
#include <sys/statvfs.h>

// From libfuse 3.17 on, fuse_session_new is a static inline function that passes the version of the headers.
static inline struct fuse_session *twiliofs_fuse_session_new(
    struct fuse_args *arguments, const struct fuse_lowlevel_ops *operations, size_t size, void *context) {
    return fuse_session_new(arguments, operations, size, context);
}

#endif
