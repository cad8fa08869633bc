import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("File handles", .orderly, .needsFUSE, .enabled(if: getuid() == 0, "needs root"))
struct HandleTests {
    @Test("Handles lead to their files when the kernel has forgotten them, and after a remount")
    func remount() throws {
        let media = try TestMedia.small
        let account = try SimulatedAccount(media: media) {
            $0.subaccounts = [try SimulatedSubaccount(name: "own", mediaFolder: media.path)]
        }
        let folder = try TemporaryFolder()
        let cache = folder.path("cache")
        var handles = Data()
        do {
            let mount = try MountedAccount(account, options: ["--subaccounts"], cacheFolder: cache)
            let paths = try Command.shell(
                "find . -path ./.twiliofs -prune -o -print | sed 's|^./||' | grep .", directory: mount.path
            ).output
            let saved = try Command.require(
                Python.words("file_handles", ["save"]), directory: mount.path, input: paths)
            #expect(saved.lines.count > 40)
            handles = saved.output
            #expect(try Self.differences(mount, handles) == "")
            for _ in 0..<3 {
                try Command.shell("echo 2 >/proc/sys/vm/drop_caches")
                #expect(try Self.differences(mount, handles) == "")
            }
            #expect(try mount.unmount().end == .exited(0))
        }
        let again = try MountedAccount(account, options: ["--subaccounts"], cacheFolder: cache)
        #expect(try Self.differences(again, handles) == "")
    }

    @Test("An NFS server serves recordings through handles that the kernel has forgotten", .needsNFSServer)
    func networkFileSystem() throws {
        let bench = try MountBench(media: TestMedia.small)
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("recovery"), withIntermediateDirectories: false)
        let (socket, port) = try #require(ScriptedServer.bound())
        close(socket)
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

    /// A line for each handle that doesn't lead to what it was saved of.
    private static func differences(_ mount: MountedAccount, _ handles: Data) throws -> String {
        try Python.run("file_handles", "load", mount.path, input: handles).text
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
