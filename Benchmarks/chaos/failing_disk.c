// A file system that has the files of another folder, and fails when it is told to.
//
//   failing_disk CONTROL FOLDER MOUNTPOINT
//
// CONTROL is a file of five native 32-bit numbers, which may change at any time: how many of 1,000 readings fail and
// with which errno, the same for changes, and a seed for the choice.
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct control {
    int32_t reading, reading_errno, changing, changing_errno, seed;
};

static const volatile struct control *control;
static atomic_uint calls;
static int root;

// A number below 1,000 that follows from the seed and the number of the call.
static int32_t chance(void)
{
    uint32_t word = (atomic_fetch_add(&calls, 1) + 1) * 2654435761u ^ (uint32_t)control->seed * 2246822519u;
    word = (word ^ word >> 15) * 2246822519u;
    return (int32_t)((word ^ word >> 13) % 1000);
}

static int reading(void)
{
    return control->reading > 0 && chance() < control->reading ? -control->reading_errno : 0;
}

static int changing(void)
{
    return control->changing > 0 && chance() < control->changing ? -control->changing_errno : 0;
}

static const char *relative(const char *path)
{
    return path[1] ? path + 1 : ".";
}

static int result(int value)
{
    return value < 0 ? -errno : 0;
}

#define FAIL_OR(kind, expression)    \
    do {                             \
        int failure = kind();        \
        if (failure) return failure; \
        return expression;           \
    } while (0)

static int get_attributes(const char *path, struct stat *status, struct fuse_file_info *info)
{
    FAIL_OR(reading, result(info ? fstat((int)info->fh, status)
                                 : fstatat(root, relative(path), status, AT_SYMLINK_NOFOLLOW)));
}

static int open_file(const char *path, struct fuse_file_info *info)
{
    int failure = reading();
    if (failure) return failure;
    // What the kernel appends or truncates has come as such already.
    int descriptor = openat(root, relative(path), info->flags & ~O_APPEND);
    if (descriptor < 0) return -errno;
    info->fh = (uint64_t)descriptor;
    return 0;
}

static int create_file(const char *path, mode_t mode, struct fuse_file_info *info)
{
    int failure = changing();
    if (failure) return failure;
    int descriptor = openat(root, relative(path), info->flags | O_CREAT, mode);
    if (descriptor < 0) return -errno;
    info->fh = (uint64_t)descriptor;
    return 0;
}

static int release_file(const char *path, struct fuse_file_info *info)
{
    (void)path;
    close((int)info->fh);
    return 0;
}

static int read_file(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info)
{
    (void)path;
    int failure = reading();
    if (failure) return failure;
    ssize_t count = pread((int)info->fh, buffer, size, offset);
    return count < 0 ? -errno : (int)count;
}

static int write_file(const char *path, const char *buffer, size_t size, off_t offset, struct fuse_file_info *info)
{
    (void)path;
    int failure = changing();
    if (failure) return failure;
    ssize_t count = pwrite((int)info->fh, buffer, size, offset);
    return count < 0 ? -errno : (int)count;
}

static int synchronize(const char *path, int data_only, struct fuse_file_info *info)
{
    (void)path, (void)data_only;
    FAIL_OR(changing, result(fsync((int)info->fh)));
}

static int truncate_file(const char *path, off_t size, struct fuse_file_info *info)
{
    int failure = changing();
    if (failure) return failure;
    if (info) return result(ftruncate((int)info->fh, size));
    int descriptor = openat(root, relative(path), O_WRONLY);
    if (descriptor < 0) return -errno;
    int answer = result(ftruncate(descriptor, size));
    close(descriptor);
    return answer;
}

static int list(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
                enum fuse_readdir_flags flags)
{
    (void)offset, (void)info, (void)flags;
    int failure = reading();
    if (failure) return failure;
    int descriptor = openat(root, relative(path), O_RDONLY | O_DIRECTORY);
    if (descriptor < 0) return -errno;
    DIR *folder = fdopendir(descriptor);
    if (!folder) {
        close(descriptor);
        return -ENOMEM;
    }
    for (struct dirent *entry; (entry = readdir(folder));) fill(buffer, entry->d_name, NULL, 0, 0);
    closedir(folder);
    return 0;
}

static int make_folder(const char *path, mode_t mode)
{
    FAIL_OR(changing, result(mkdirat(root, relative(path), mode)));
}

static int remove_file(const char *path)
{
    FAIL_OR(changing, result(unlinkat(root, relative(path), 0)));
}

static int remove_folder(const char *path)
{
    FAIL_OR(changing, result(unlinkat(root, relative(path), AT_REMOVEDIR)));
}

static int rename_file(const char *from, const char *to, unsigned flags)
{
    FAIL_OR(changing, result(renameat2(root, relative(from), root, relative(to), flags)));
}

static int change_mode(const char *path, mode_t mode, struct fuse_file_info *info)
{
    (void)info;
    FAIL_OR(changing, result(fchmodat(root, relative(path), mode, 0)));
}

static int change_owner(const char *path, uid_t user, gid_t group, struct fuse_file_info *info)
{
    (void)info;
    FAIL_OR(changing, result(fchownat(root, relative(path), user, group, AT_SYMLINK_NOFOLLOW)));
}

static int change_times(const char *path, const struct timespec times[2], struct fuse_file_info *info)
{
    (void)info;
    FAIL_OR(changing, result(utimensat(root, relative(path), times, AT_SYMLINK_NOFOLLOW)));
}

static int tell_space(const char *path, struct statvfs *status)
{
    (void)path;
    return result(fstatvfs(root, status));
}

static void *begin(struct fuse_conn_info *connection, struct fuse_config *config)
{
    (void)connection;
    // A file keeps its number, and nothing of the disk stays in the kernel's memory.
    config->use_ino = 1;
    config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
    return NULL;
}

static const struct fuse_operations operations = {
    .init = begin,
    .getattr = get_attributes,
    .open = open_file,
    .create = create_file,
    .release = release_file,
    .read = read_file,
    .write = write_file,
    .fsync = synchronize,
    .truncate = truncate_file,
    .readdir = list,
    .mkdir = make_folder,
    .unlink = remove_file,
    .rmdir = remove_folder,
    .rename = rename_file,
    .chmod = change_mode,
    .chown = change_owner,
    .utimens = change_times,
    .statfs = tell_space,
};

int main(int count, char **arguments)
{
    if (count != 4) {
        fputs("usage: failing_disk CONTROL FOLDER MOUNTPOINT\n", stderr);
        return 64;
    }
    int descriptor = open(arguments[1], O_RDONLY);
    control = descriptor < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ, MAP_SHARED, descriptor, 0);
    if (control == MAP_FAILED) {
        perror(arguments[1]);
        return 1;
    }
    root = open(arguments[2], O_RDONLY | O_DIRECTORY);
    if (root < 0) {
        perror(arguments[2]);
        return 1;
    }
    umask(0);
    char *options[] = {arguments[0], "-f", "-o", "fsname=failing_disk,default_permissions", arguments[3], NULL};
    return fuse_main(5, options, &operations, NULL);
}
