// Headers of Linux that Swift's Glibc module leaves out, and its variadic functions, which the importer can't read.
#ifndef TWILIOFS_CLINUX_SHIM_H
#define TWILIOFS_CLINUX_SHIM_H

#include <mntent.h>
#include <sys/prctl.h>

// Keeps the process's memory from core dumps, also from those that the kernel pipes to a program, and from debuggers of
// the same user.
static inline int twiliofs_disable_core_dumps(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// GNU's, which Glibc's module leaves out: waits until the disk has everything of the file system that a descriptor is in.
int syncfs(int descriptor);

static inline int twiliofs_sync_file_system(int descriptor) {
    return syncfs(descriptor);
}

#endif
