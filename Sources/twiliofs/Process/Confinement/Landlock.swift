import CLinux
import Glibc
import Support

/// The kernel's Landlock (landlock(7)): a process gives up all access to files but what a list of rules allows.
struct Landlock {
    /// What a rule may allow, as in the kernel's header.
    struct Access: OptionSet {
        let rawValue: UInt64

        static let execute = Access(rawValue: 1 << 0)
        static let writeFile = Access(rawValue: 1 << 1)
        static let readFile = Access(rawValue: 1 << 2)
        static let readFolder = Access(rawValue: 1 << 3)
        static let removeFolder = Access(rawValue: 1 << 4)
        static let removeFile = Access(rawValue: 1 << 5)
        static let makeFolder = Access(rawValue: 1 << 7)
        static let makeFile = Access(rawValue: 1 << 8)
        /// To move a file to another folder, from version 2 on; before, that is forbidden wherever any rule counts.
        static let move = Access(rawValue: 1 << 13)
        /// From version 3 on; before, it is allowed everywhere.
        static let truncate = Access(rawValue: 1 << 14)

        /// To read a file, or everything in a folder.
        static let reading: Access = [.readFile, .readFolder]
        /// To use a folder as its owner does, but for devices, sockets, pipes, links and programs.
        static let owning: Access = [
            .reading, .writeFile, .removeFolder, .removeFile, .makeFolder, .makeFile, .move, .truncate,
        ]
        /// What can be allowed of a file that isn't a folder.
        static let ofFile: Access = [.execute, .writeFile, .readFile, .truncate]
    }

    /// A file or a folder with everything in it, and what is allowed there.
    struct Rule: Equatable {
        let path: String
        let access: Access
    }

    /// The version of the kernel's interface.
    let version: Int

    /// Takes a version.
    init(version: Int) { self.version = version }

    /// Asks the kernel.
    ///
    /// - Throws: ``SystemError`` where it has no Landlock (`ENOSYS`) or was started without it (`EOPNOTSUPP`).
    init() throws(SystemError) {
        let version = twiliofs_landlock_version()
        guard version > 0 else { throw SystemError("the kernel has no Landlock") }
        self.version = Int(version)
    }

    /// Everything about files that this version can forbid: the header lists what each version has added.
    var forbiddenFileAccess: UInt64 {
        let newest =
            switch version {
            case ...1: 12
            case 2: 13
            case 3, 4: 14
            // ioctl(2) of devices.
            default: 15
            }
        return (1 << (newest + 1)) - 1
    }

    /// Listening on TCP ports, from version 4 on.
    ///
    /// Connections aren't limited: proxies, regions and buckets have ports that nobody knows before.
    var forbiddenNetworkAccess: UInt64 { version >= 4 ? 1 << 0 : 0 }

    /// Connections to abstract Unix sockets of other processes, from version 6 on.
    ///
    /// Signals aren't limited: each thread is confined alone, and some kernels then forbid signals between them.
    var forbiddenScopes: UInt64 { version >= 6 ? 1 << 0 : 0 }

    /// Makes the kernel's list of rules; files that don't exist are left out.
    ///
    /// - Returns: A descriptor, which the caller closes.
    func ruleset(_ rules: [Rule]) throws(SystemError) -> Int32 {
        var content = twiliofs_landlock_ruleset(
            files: forbiddenFileAccess, network: forbiddenNetworkAccess, scoped: forbiddenScopes)
        // Older kernels know only the first members.
        let size = version >= 6 ? 24 : version >= 4 ? 16 : 8
        let ruleset = twiliofs_landlock_create(&content, size)
        guard ruleset >= 0 else { throw SystemError("no Landlock ruleset can be made") }
        do throws(SystemError) {
            for rule in rules { try add(rule, to: ruleset) }
        } catch {
            close(ruleset)
            throw error
        }
        return ruleset
    }

    private func add(_ rule: Rule, to ruleset: Int32) throws(SystemError) {
        let file = open(rule.path, Self.pathOnly | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { return }
        var access = rule.access
        if status.st_mode & S_IFMT != S_IFDIR { access.formIntersection(.ofFile) }
        // The kernel refuses rules about what the list doesn't forbid.
        let allowed = access.rawValue & forbiddenFileAccess
        guard allowed != 0 else { return }
        guard twiliofs_landlock_allow(ruleset, allowed, file) == 0 else {
            throw SystemError("the kernel refuses a Landlock rule for '\(rule.path)'")
        }
    }

    /// O_PATH of open(2), which Swift doesn't import.
    private static let pathOnly: Int32 = 0o10000000
}
