import Foundation
import Glibc
import TestSupport
import Testing

@testable import Support

@Suite("The way to a folder of the user's own", .orderly)
struct TrustedPathTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func isRefused(_ path: String) -> Bool {
        do throws(PrivateFile.Refusal) {
            try TrustedPath.check(path)
            return false
        } catch {
            return error.code == .notPrivate
        }
    }

    @Test("Owner and mode of a folder tell if others can put something else into it")
    func modes() {
        for (owner, group, mode, isTrusted) in [
            (7, 7, 0o755, true), (0, 0, 0o755, true), (8, 7, 0o755, false), (7, 7, 0o775, true), (7, 8, 0o775, false),
            (0, 0, 0o775, true), (7, 7, 0o757, false), (0, 0, 0o1777, true), (8, 8, 0o1777, false),
        ] as [(uid_t, gid_t, mode_t, Bool)] {
            #expect(
                TrustedPath.isTrusted(owner: owner, group: group, mode: mode, user: 7, userGroup: 7) == isTrusted,
                "\(owner) \(group) \(String(mode, radix: 8))")
        }
    }

    @Test("A folder anywhere above that others may write is refused, unless it has the sticky bit")
    func writable() throws {
        let path = try folder.folder("above/between") + "/cache"
        #expect(!isRefused(path))
        chmod(folder.path("above"), 0o777)
        #expect(isRefused(path))
        #expect(isRefused(folder.path("above/../above/./between/absent/cache")))
        #expect(!isRefused(folder.path("above/../cache")))
        chmod(folder.path("above"), 0o1777)
        #expect(!isRefused(path))
    }

    @Test("Another user's folder or symbolic link on the way is refused", .enabled(if: getuid() == 0, "needs root"))
    func strangers() throws {
        try folder.folder("theirs")
        try folder.folder("ours")
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "ours")
        #expect(!isRefused(folder.path("link")) && !isRefused(folder.path("link/cache")))
        #expect(!isRefused(folder.path("theirs/cache")))
        lchown(folder.path("link"), 65534, 65534)
        chown(folder.path("theirs"), 65534, 65534)
        #expect(isRefused(folder.path("link")) && isRefused(folder.path("link/cache")))
        #expect(isRefused(folder.path("theirs/cache")))
        #expect(!isRefused(folder.path("ours/cache")))
    }

    @Test("Links that go round, and what is missing, are left to whoever opens it")
    func nothing() throws {
        try FileManager.default.createSymbolicLink(atPath: folder.path("loop"), withDestinationPath: "loop")
        #expect(!isRefused(folder.path("loop/cache")))
        #expect(!isRefused(folder.path("absent/cache")))
        #expect(!isRefused("/"))
    }

    @Test("A folder on the way to a path is found, behind links and dots, and for what doesn't exist")
    func way() throws {
        let folder = try TemporaryFolder()
        let mount = try folder.folder("mount")
        try folder.folder("mount/inner")
        try folder.folder("other")
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "mount/inner")
        for inside in [
            "mount", "mount/inner", "mount/new/deep", "mount/../other/x", "link/x", "other/../link", "mount/",
        ] {
            #expect(TrustedPath.leads(folder.path(inside), through: mount), "\(inside)")
        }
        for outside in ["other", "mounted", "other/../other/mount", "new/mount"] {
            #expect(!TrustedPath.leads(folder.path(outside), through: mount), "\(outside)")
        }
    }
}
