import Foundation
import TestSupport
import Testing

@Suite("A mount with a catalog that another program has edited", .orderly, .needsFUSE)
struct EditedCatalogTests {
    @Test("Names, sizes and contents are right, at this mount and at the next", arguments: CatalogEdit.mounted)
    func edited(edit: CatalogEdit) throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let cache = try folder.folder("cache")
        let first = try MountedAccount(account, cacheFolder: cache)
        #expect(try first.differences(from: account) == [])
        try first.unmount()
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
