import Foundation
import Glibc
import Logging
import Support
import TestSupport
import Testing

@testable import twiliofs

@Suite("Confinement", .orderly)
struct ConfinementTests {
    /// The version of the kernel's Landlock; 0 without.
    private static let version = KernelSupport.hasLandlock ? (try? Landlock())?.version ?? 0 : 0

    /// The reasons for which the process of an exit test ends, as its exit status.
    private enum Fault: Int32 {
        case notConfined = 40
        case forbiddenRead, forbiddenFolder, forbiddenWrite, forbiddenProgram, forbiddenMount, forbiddenListener
        case allowedRead, allowedCreation, allowedMove, systemFiles, privileges, missingThread

        static func check(_ isRight: Bool, _ fault: Fault) { if !isRight { exit(fault.rawValue) } }
    }

    @Test(
        "Every thread reaches what is allowed and nothing else, also those that ran before, in whatever they waited",
        .enabled(if: version > 0))
    func allThreads() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let (cache, secrets) = (try folder.folder("cache"), try folder.folder("secrets"))
            try folder.file("cache/known", "known")
            try folder.file("secrets/secret", "secret")
            let isConfined = Condition(false)
            let count = Locked(0)
            let work: @Sendable () -> Void = {
                ConfinementTests.tryEverything(cache: cache, secrets: secrets)
                count.withLock { $0 += 1 }
            }
            var threads: [NamedThread] = []
            for number in 0..<6 {
                threads.append(
                    try NamedThread(name: "waiting") {
                        // In a condition, in poll, in a loop, and in a read that doesn't end before.
                        switch number % 3 {
                        case 0: isConfined.waitUntil { $0 }
                        case 1: while !isConfined.changeQuietly({ $0 }) { _ = poll(nil, 0, 100) }
                        default: while !isConfined.changeQuietly({ $0 }) {}
                        }
                        work()
                    })
            }
            // A thread of a library, which blocks nearly all signals.
            let group = DispatchGroup()
            DispatchQueue.global().async(group: group) {
                isConfined.waitUntil { $0 }
                work()
            }
            let log = RecordedLog(.debug)
            let rules = MountAccess.rules(cacheFolder: cache, authorityFile: nil)
            try Confinement.begin(Landlock(), rules, logger: log.logger)
            isConfined.change { $0 = true }
            for thread in threads { thread.join() }
            group.wait()
            threads = [try NamedThread(name: "later", work)]
            threads[0].join()
            work()
            Fault.check(count.withLock { $0 } == 9, .missingThread)
            exit(0)
        }
    }

    @Test(
        "A thread that doesn't answer for a while, as during a write to a slow disk, is waited for",
        .enabled(if: version > 0))
    func slowThread() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let (cache, secrets) = (try folder.folder("cache"), try folder.folder("secrets"))
            try folder.file("cache/known", "known")
            try folder.file("secrets/secret", "secret")
            let isBusy = Condition(false)
            let thread = try NamedThread(name: "slow") {
                var signals = sigset_t()
                sigemptyset(&signals)
                sigaddset(&signals, SIGSYS)
                pthread_sigmask(SIG_BLOCK, &signals, nil)
                isBusy.change { $0 = true }
                sleep(3)
                pthread_sigmask(SIG_UNBLOCK, &signals, nil)
                ConfinementTests.tryEverything(cache: cache, secrets: secrets)
            }
            isBusy.waitUntil { $0 }
            let rules = MountAccess.rules(cacheFolder: cache, authorityFile: nil)
            try Confinement.begin(Landlock(), rules, logger: RecordedLog(.debug).logger)
            thread.join()
            exit(0)
        }
    }

    /// Ends the process with a ``Fault`` unless the calling thread can do what a mount does, and nothing else.
    @Sendable private static func tryEverything(cache: String, secrets: String) {
        func isRefused(_ result: Int32) -> Bool { result < 0 && (errno == EACCES || errno == EPERM) }
        Fault.check(
            KernelFile.text(of: "/proc/thread-self/status")?.contains("NoNewPrivs:\t1") == true, .privileges)
        Fault.check(isRefused(open("\(secrets)/secret", O_RDONLY)), .forbiddenRead)
        Fault.check(isRefused(open(secrets, O_RDONLY | O_DIRECTORY)), .forbiddenFolder)
        Fault.check(isRefused(open("\(secrets)/new", O_WRONLY | O_CREAT, 0o600)), .forbiddenWrite)
        Fault.check(isRefused(unlink("\(secrets)/secret")), .forbiddenWrite)
        Fault.check(isRefused(rename("\(cache)/known", "\(secrets)/known")) || errno == EXDEV, .forbiddenWrite)
        var process = pid_t()
        Fault.check(posix_spawn(&process, "/bin/true", nil, nil, [nil], environ) == EACCES, .forbiddenProgram)
        Fault.check(posix_spawn(&process, "/proc/self/exe", nil, nil, [nil], environ) == EACCES, .forbiddenProgram)
        Fault.check(isRefused(mount("none", secrets, "tmpfs", 0, nil)), .forbiddenMount)
        if version >= 4 {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            Fault.check(isRefused(result), .forbiddenListener)
            close(listener)
        }
        Fault.check(KernelFile.text(of: "\(cache)/known") == "known", .allowedRead)
        let name = "\(cache)/\(UUID().uuidString)"
        let descriptor = open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        Fault.check(descriptor >= 0 && write(descriptor, "text", 4) == 4, .allowedCreation)
        Fault.check(ftruncate(descriptor, 2) == 0 && close(descriptor) == 0, .allowedCreation)
        // As the spool's files.
        let unnamed = open(cache, 0o20200000 /* O_TMPFILE */ | O_RDWR, 0o600)
        Fault.check(unnamed >= 0 && close(unnamed) == 0, .allowedCreation)
        Fault.check(rename(name, name + ".new") == 0 && unlink(name + ".new") == 0, .allowedMove)
        Fault.check(mkdir(name, 0o700) == 0 && rmdir(name) == 0, .allowedMove)
        for path in ["/etc/resolv.conf", "/etc/hosts", "/proc/self/mounts", "/dev/urandom"]
        where access(path, R_OK) == 0 {
            Fault.check(KernelFile.bytes(of: path, limit: 16) != nil, .systemFiles)
        }
    }

    @Test("The rules are accepted for each version of Landlock that the kernel has had", .enabled(if: version > 0))
    func versions() throws {
        let folder = try TemporaryFolder()
        let rules = MountAccess.rules(cacheFolder: folder.url.path, authorityFile: folder.path("authorities/ca.pem"))
        for version in 1...Self.version {
            let ruleset = try Landlock(version: version).ruleset(rules)
            #expect(ruleset >= 0)
            close(ruleset)
        }
    }

    @Test(
        "Each version of Landlock forbids what it knows",
        arguments: [
            (1, 13, false, false), (2, 14, false, false), (3, 15, false, false), (4, 15, true, false),
            (5, 16, true, false), (6, 16, true, true), (7, 16, true, true), (99, 16, true, true),
        ])
    func knowledge(version: Int, fileRights: Int, hasNetwork: Bool, hasScopes: Bool) {
        let landlock = Landlock(version: version)
        #expect(landlock.forbiddenFileAccess.nonzeroBitCount == fileRights)
        #expect(landlock.forbiddenFileAccess & (landlock.forbiddenFileAccess + 1) == 0)
        #expect((landlock.forbiddenNetworkAccess != 0) == hasNetwork)
        #expect((landlock.forbiddenScopes != 0) == hasScopes)
    }

    @Test("A kernel without Landlock is one debug line", arguments: [ENOSYS, EOPNOTSUPP])
    func oldKernel(error: Int32) throws {
        let log = RecordedLog(.debug)
        let landlock = Confinement.available(logger: log.logger) { () throws(SystemError) in
            throw SystemError("the kernel has no Landlock", error)
        }
        #expect(landlock == nil)
        #expect(log.lines.count == 1)
        #expect(log.lines[0].hasPrefix("debug: ") && log.lines[0].contains("can reach all files"))
    }

    @Test("Of a file of certificate authorities that is a link, the folders of both the link and its target are read")
    func links() throws {
        let folder = try TemporaryFolder()
        for name in ["live", "archive/1", "home"] { try folder.folder(name) }
        let target = try folder.file("archive/1/ca.pem", "x")
        #expect(symlink("../archive/1/ca.pem", folder.path("live/ca.pem")) == 0)
        #expect(symlink(folder.path("live/ca.pem"), folder.path("home/ca.pem")) == 0)
        #expect(symlink("live", folder.path("home/folder")) == 0)
        let real = URL(filePath: target).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().resolvingSymlinksInPath().path
        func folders(_ file: String) -> Set<String> {
            let rules = MountAccess.rules(cacheFolder: "/var/cache/twiliofs", authorityFile: file)
            return Set(rules.filter { $0.path.hasPrefix(real) && $0.access == .readFile }.map(\.path))
        }
        #expect(folders(folder.path("home/ca.pem")) == [real + "/home", real + "/live", real + "/archive/1"])
        // A folder on the way isn't opened to the process.
        #expect(symlink(folder.path("live"), folder.path("home/way")) == 0)
        #expect(folders(folder.path("home/way/ca.pem")) == [real + "/live", real + "/archive/1"])
    }

    @Test("A file that can't be opened any more is told with its option and the remedy")
    func unreachable() throws {
        let folder = try TemporaryFolder()
        try Confinement.check(try folder.file("there", ""), "the file", "--ca-file")
        let failure = try #require(throws: Failure.self) {
            try Confinement.check(folder.path("gone"), "the file of certificate authorities", "--ca-file")
        }
        #expect(failure.code == .configuration)
        for words in ["'\(folder.path("gone"))' (--ca-file)", "No such file", "--no-landlock"] {
            #expect(failure.message.contains(words), "\(failure.message)")
        }
    }

    @Test("Neither the home folder nor the root folder is reached by a file that lies in it")
    func rules() {
        for file in ["/ca.pem", nil] {
            let rules = MountAccess.rules(cacheFolder: "/var/cache/twiliofs", authorityFile: file)
            #expect(!rules.contains { ["/", "/root", "/home", "/tmp", "/var", "/usr"].contains($0.path) })
            let writable = rules.filter { $0.access.contains(.writeFile) }.map(\.path)
            #expect(Set(writable) == ["/var/cache/twiliofs", "/dev/null", "/dev/tty"])
            #expect(!rules.contains { $0.access.contains(.execute) && $0.path.hasSuffix("bin") })
        }
    }
}
