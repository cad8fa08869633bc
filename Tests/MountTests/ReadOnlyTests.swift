import Glibc
import TestSupport
import Testing

@Suite("Nothing can be changed", .orderly, .needsFUSE)
struct ReadOnlyTests {
    /// Tries everything that would write; prints what isn't refused with EROFS.
    ///
    /// `os.mknod` makes a regular file; link and rename stay within the mount.
    static let script = """
        import ctypes, errno, os, sys
        root, media = sys.argv[1:3]
        libc = ctypes.CDLL(None, use_errno=True)
        def fallocate():
            file = os.open(media, os.O_RDWR)
            os.posix_fallocate(file, 0, 10)
        folder = root + "/recordings"
        attempts = {
            "create": lambda: os.open(folder + "/new", os.O_CREAT | os.O_WRONLY),
            "create exclusively": lambda: os.open(folder + "/new", os.O_CREAT | os.O_EXCL | os.O_RDWR),
            "open for writing": lambda: os.open(media, os.O_WRONLY),
            "open for both": lambda: os.open(media, os.O_RDWR),
            "open truncating": lambda: os.open(media, os.O_WRONLY | os.O_TRUNC),
            "append": lambda: os.open(media, os.O_WRONLY | os.O_APPEND),
            "truncate": lambda: os.truncate(media, 0),
            "mkdir": lambda: os.mkdir(folder + "/new"),
            "rmdir": lambda: os.rmdir(root + "/metadata"),
            "unlink": lambda: os.unlink(media),
            "rename": lambda: os.rename(media, folder + "/new"),
            "link": lambda: os.link(media, folder + "/new"),
            "symlink": lambda: os.symlink("target", folder + "/new"),
            "chmod": lambda: os.chmod(media, 0o600),
            "chown": lambda: os.chown(media, 1, 1),
            "utime": lambda: os.utime(media, (1, 1)),
            "setxattr": lambda: os.setxattr(media, "user.new", b"x"),
            "removexattr": lambda: os.removexattr(media, "user.twilio.sid"),
            "fallocate": fallocate,
            "mknod": lambda: os.mknod(folder + "/new", 0o600 | 0o100000),
        }
        for name, attempt in attempts.items():
            try:
                attempt()
                print(name, "was not refused")
            except OSError as error:
                if error.errno != errno.EROFS: print(name, "was refused with", errno.errorcode[error.errno])
        """

    @Test("Every operation that would write is refused with EROFS")
    func everyOperation() throws {
        let bench = try MountBench()
        let result = try python(Self.script, bench.mount.path, try bench.path("long.wav"))
        #expect(result.text == "")
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("A mount that was remounted writable refuses them all the same", .enabled(if: getuid() == 0, "needs root"))
    func remountedWritable() throws {
        let bench = try MountBench()
        try Command.require(["mount", "-i", "-o", "remount,rw", bench.mount.path])
        let mounts = try Command.require(["findmnt", "-no", "OPTIONS", bench.mount.path]).text
        #expect(mounts.hasPrefix("rw"), "the kernel lets requests through now")
        let result = try python(Self.script, bench.mount.path, try bench.path("long.wav"))
        #expect(result.text == "")
        #expect(try bench.mount.differences(from: bench.account) == [])
    }
}
