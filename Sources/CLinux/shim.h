// Headers of Linux that Swift's Glibc module leaves out, and its variadic functions, which the importer can't read.
#ifndef TWILIOFS_CLINUX_SHIM_H
#define TWILIOFS_CLINUX_SHIM_H

#include <malloc.h>
#include <mntent.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Keeps the process's memory from core dumps, also from those that the kernel pipes to a program, and from debuggers of
// the same user.
static inline int twiliofs_disable_core_dumps(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// Has glibc keep memory of up to 64 MiB that was freed, and take buffers of up to 8 MiB from it: by default each large
// one that is made, used and freed goes back to the kernel, which clears all of its pages the next time.
static inline int twiliofs_keep_freed_memory(void) {
    return mallopt(M_TRIM_THRESHOLD, 64 << 20) == 1 && mallopt(M_MMAP_THRESHOLD, 8 << 20) == 1;
}

// Gives memory that was freed back to the kernel.
static inline void twiliofs_release_freed_memory(void) {
    malloc_trim(0);
}

// Has the processor bring bytes to its caches, while it goes on: any address is allowed.
static inline void twiliofs_prefetch(const void *bytes, size_t count) {
    for (size_t offset = 0; offset < count; offset += 64) __builtin_prefetch((const char *)bytes + offset);
}

// GNU's, which Glibc's module leaves out: waits until the disk has everything of the file system that a descriptor is
// in.
int syncfs(int descriptor);

static inline int twiliofs_sync_file_system(int descriptor) {
    return syncfs(descriptor);
}

// GNU's as well: has a process that is to be started close all descriptors from one on.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);

static inline int twiliofs_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

// GNU's as well: the working directory of a process that is to be started.
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);

static inline int twiliofs_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

// A file in memory; libc's function is GNU's as well.
static inline int twiliofs_memory_file(const char *name) {
    return (int)syscall(SYS_memfd_create, name, 1u /* MFD_CLOEXEC */);
}

// Linux's calls for mounts that aren't in the tree of directories (mount_setattr(2) and its relatives); an older C
// library hasn't got them. This one returns a descriptor of a mount's copy, which vanishes with it unless it is put
// somewhere.
static inline int twiliofs_copy_mount(const char *path) {
    return (int)syscall(SYS_open_tree, -100 /* AT_FDCWD */, path, 02000001 /* OPEN_TREE_CLOEXEC | OPEN_TREE_CLONE */);
}

// Puts such a copy on a directory, or beneath the mount that is there already (from Linux 6.5 on).
static inline int twiliofs_put_mount(int copy, const char *path, int is_beneath) {
    return (int)syscall(
        SYS_move_mount, copy, "", -100 /* AT_FDCWD */, path,
        4u /* MOVE_MOUNT_F_EMPTY_PATH */ | (is_beneath ? 0x200u /* MOVE_MOUNT_BENEATH */ : 0u));
}

#endif
