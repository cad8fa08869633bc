import Glibc
import TestSupport
import Testing

@Suite("The system's log", .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)))
struct SystemLogTests {
    /// Listens where syslog(3) writes, mounts in the background, unmounts, and prints what was logged meanwhile.
    private static let listener = """
        import socket, subprocess, sys
        twiliofs, cache, mount = sys.argv[1:4]
        log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        log.bind("/dev/log")
        log.settimeout(20)
        subprocess.run([twiliofs, "mount", "--no-key", "--cache-dir", cache, mount], check=True)
        subprocess.run(["ls", mount + "/recordings"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([twiliofs, "unmount", mount], check=True)
        while True:
            line = log.recv(4096).decode()
            print(line)
            if "unmounted" in line: break
        """

    @Test("A mount in the background logs whole lines to syslog, under the program's name")
    func background() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let mountPoint = try folder.folder("mount")
        let devices = try folder.folder("dev")
        // A /dev of its own, so that nobody else's log is touched.
        let script = """
            mount -t tmpfs none "$1" && mknod "$1/fuse" c 10 229 && mknod -m 666 "$1/null" c 1 3 &&
            mknod -m 666 "$1/urandom" c 1 9 && mount --bind "$1" /dev && exec /usr/bin/python3 -c "$2" "$3" "$4" "$5"
            """
        let result = try Command.run(
            [
                "unshare", "-m", "sh", "-c", script, "sh", devices, Self.listener, BuiltPrograms.twiliofs,
                folder.path("cache"), mountPoint,
            ], adding: MountedAccount.environment(account), seconds: 40)
        #expect(result.end == .exited(0), "\(result.errorText)")
        #expect(result.lines.count >= 5)
        #expect(result.lines.allSatisfy { $0.contains(" twiliofs[") })
        #expect(
            result.lines.contains { $0.hasSuffix("info: mounted \(account.description.accountSid) on \(mountPoint)") })
        #expect(result.lines.contains { $0.hasSuffix("info: unmounted \(mountPoint)") })
    }
}
