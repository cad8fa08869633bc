import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("File handles", .orderly, .needsFUSE, .enabled(if: getuid() == 0, "needs root"))
struct HandleTests {
    /// Prints the handle of each path that it reads, or opens the handles and prints what they lead to.
    private static let script = """
        import ctypes, os, stat, struct, sys
        libc = ctypes.CDLL(None, use_errno=True)
        def save(path):
            handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
            mount = ctypes.c_int()
            if libc.name_to_handle_at(-100, path.encode(), handle, ctypes.byref(mount), 0): raise OSError(ctypes.get_errno(), path)
            return handle.raw[:8 + struct.unpack("I", handle.raw[:4])[0]].hex()
        def load(root, text):
            bytes = bytearray.fromhex(text)
            handle = (ctypes.c_char * len(bytes)).from_buffer(bytes)
            file = libc.open_by_handle_at(root, handle, os.O_PATH)
            if file < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            return file
        def describe(file):
            status = os.stat(file, follow_symlinks=False) if isinstance(file, str) else os.fstat(file)
            at = dict(path=file) if isinstance(file, str) else dict(path="", dir_fd=file)
            link = os.readlink(**at) if stat.S_ISLNK(status.st_mode) else None
            size = 0 if ".twiliofs" in str(file) or stat.S_ISDIR(status.st_mode) else status.st_size
            return [status.st_ino, oct(status.st_mode), size, link]
        if sys.argv[1] == "save":
            for path in sys.stdin.read().split(): print(save(path), *describe(path), path)
        else:
            root = os.open(sys.argv[2], os.O_RDONLY)
            for line in sys.stdin.read().splitlines():
                text, *expected = line.split()
                try:
                    found = [str(part) for part in describe(load(root, text))]
                    if found != expected[:-1]: print(expected[-1], found)
                    if found[1].startswith("0o10"):
                        with open(f"/proc/self/fd/{load(root, text)}", "rb") as file: file.read()
                except OSError as error: print(expected[-1], error)
        """

    @Test("Handles lead to their files when the kernel has forgotten them, and after a remount")
    func remount() throws {
        let media = try TestMedia.small
        let account = try SimulatedAccount(media: media) {
            $0.subaccounts = [try SimulatedSubaccount(name: "own", mediaFolder: media.path)]
        }
        let folder = try TemporaryFolder()
        let cache = folder.path("cache")
        try folder.file("script", Self.script)
        var handles = ""
        do {
            let mount = try MountedAccount(account, options: ["--subaccounts"], cacheFolder: cache)
            handles = try Command.shell(
                "find . -path ./.twiliofs -prune -o -print | sed 's|^./||' | grep . | /usr/bin/python3 \"$1\" save",
                folder.path("script"), directory: mount.path
            ).text
            #expect(handles.split(separator: "\n").count > 40)
            try folder.file("handles", handles)
            #expect(try Self.differences(mount, folder) == "")
            for _ in 0..<3 {
                try Command.shell("echo 2 >/proc/sys/vm/drop_caches")
                #expect(try Self.differences(mount, folder) == "")
            }
            #expect(try mount.unmount().end == .exited(0))
        }
        let again = try MountedAccount(account, options: ["--subaccounts"], cacheFolder: cache)
        #expect(try Self.differences(again, folder) == "")
    }

    @Test("An NFS server serves recordings through handles that the kernel has forgotten", .needsNFSServer)
    func networkFileSystem() throws {
        let bench = try MountBench(media: TestMedia.small)
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("recovery"), withIntermediateDirectories: false)
        let port = try python("import socket; print(socket.create_server(('127.0.0.1', 0)).getsockname()[1])").lines[0]
        try folder.file(
            "ganesha.conf",
            """
            NFS_CORE_PARAM {
                Protocols = 4; NFS_Port = \(port); Bind_addr = 127.0.0.1; Enable_NLM = false; Enable_RQUOTA = false;
            }
            NFS_KRB5 { Active_krb5 = false; }
            NFSv4 { Graceless = true; RecoveryRoot = \(folder.path("recovery")); }
            EXPORT {
                Export_Id = 1; Filesystem_Id = 1.1; Path = \(bench.mount.path); Pseudo = /account;
                Access_Type = RO; Squash = No_Root_Squash; SecType = sys; Protocols = 4; Transports = TCP;
                FSAL { Name = VFS; }
            }
            """)
        let server = try RunningCommand([
            "ganesha.nfsd", "-F", "-f", folder.path("ganesha.conf"), "-L", folder.path("log"),
            "-p", folder.path("ganesha.pid"),
        ])
        defer {
            // It keeps the mount busy as long as it runs.
            withExtendedLifetime(bench) { server.kill() }
        }
        let read = { (original: (sid: String, file: ManifestEntry)) throws in
            let path = original.file.mountedPath(sid: original.sid)
            return try Command.run(["nfs-cat", "nfs://127.0.0.1/account/\(path)?nfsport=\(port)&version=4"])
        }
        let originals = try bench.account.originals()
        let first = try #require(originals.first)
        try wait(until: "the server answers") {
            try #require(server.isRunning, "\(server.errorText)")
            return try read((first.key, first.value)).end == .exited(0)
        }
        for _ in 0..<2 {
            for (sid, file) in originals {
                #expect(try read((sid, file)).output == Data(contentsOf: URL(filePath: file.path)), "\(file.name)")
            }
            try Command.shell("echo 2 >/proc/sys/vm/drop_caches")
        }
    }

    private static func differences(_ mount: MountedAccount, _ folder: TemporaryFolder) throws -> String {
        try Command.shell(
            "exec /usr/bin/python3 \"$1/script\" load \"$2\" <\"$1/handles\"", folder.url.path, mount.path
        ).text
    }
}

extension Trait where Self == ConditionTrait {
    /// Runs the test where nfs-ganesha is installed; in CI its lack is a failure.
    fileprivate static var needsNFSServer: Self {
        .enabled(
            if: KernelSupport.isInCI || access("/usr/bin/ganesha.nfsd", X_OK) == 0,
            "nfs-ganesha-vfs and libnfs-utils aren't installed")
    }
}
