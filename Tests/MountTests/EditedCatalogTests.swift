import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("A mount with a catalog that another program has edited", .orderly, .needsFUSE)
struct EditedCatalogTests {
    /// An account, and the cache folder of a mount of it; made once for all edits.
    private static let original = Result { () throws -> (account: SimulatedAccount, folder: TemporaryFolder) in
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let mount = try MountedAccount(account, cacheFolder: try folder.folder("cache"))
        #expect(try mount.differences(from: account) == [])
        try mount.unmount()
        return (account, folder)
    }

    @Test("Names, sizes and contents are right, at this mount and at the next", arguments: CatalogEdit.mounted)
    func edited(edit: CatalogEdit) throws {
        let (account, original) = try Self.original.get()
        let folder = try TemporaryFolder()
        try Command.require(["cp", "-a", original.path("cache"), folder.url.path])
        let cache = folder.path("cache")
        let found = try Command.require(["find", cache, "-name", "catalog.sqlite"]).lines
        try edit.apply(to: try #require(found.first))
        for _ in 0..<2 {
            let mount = try MountedAccount(account, cacheFolder: cache)
            #expect(try mount.differences(from: account) == [], "\(mount.log)")
            let files = try account.originals().count
            let script = "ls -lR >/dev/null; find by-date -type l | wc -l; cat metadata/*/* | wc -c >/dev/null"
            let result = try Command.shell(script, directory: mount.path)
            #expect(result.end == .exited(0) && result.lines == ["\(files)"], "\(result.errorText) \(mount.log)")
            #expect(try mount.unmount().end == .exited(0))
        }
    }
}
