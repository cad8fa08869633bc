import Foundation
import Glibc
import TestSupport
import Testing

@testable import FileSystem

@Suite(
    "Unmounting one of several mounts", .orderly,
    .enabled(if: KernelSupport.isExpected && getuid() == 0, "needs FUSE and root"))
struct UnmountingTests {
    /// A folder with mounts that nobody serves.
    private struct Place {
        let folder: TemporaryFolder
        private let root: String

        init() throws {
            folder = try TemporaryFolder()
            root = URL(filePath: folder.url.path).resolvingSymlinksInPath().path
        }

        func path(_ name: String) -> String { "\(root)/\(name)" }

        /// Makes a mount in the kernel alone.
        func mount(_ name: String, type: String = "fuse.twiliofs") throws -> MountIdentity {
            if access(path(name), F_OK) != 0, errno == ENOENT { try folder.folder(name) }
            let device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
            defer { close(device) }
            try #require(
                Glibc.mount("x", path(name), type, 0, "fd=\(device),rootmode=40000,user_id=0,group_id=0") == 0)
            return try #require(MountTable.current.top(on: path(name))).identity
        }

        /// The devices of all mounts in the folder.
        var devices: Set<String> {
            Set(MountTable.current.entries.filter { $0.path.hasPrefix(root + "/") }.map(\.device))
        }

        func clean() {
            for entry in MountTable.current.entries where entry.path.hasPrefix(root + "/") { umount2(entry.path, 2) }
        }
    }

    @Test("A mount that has taken the place of the one that is meant stays")
    func successor() throws {
        let place = try Place()
        defer { place.clean() }
        let former = try place.mount("mount")
        // Both are there for a moment.
        let new = try place.mount("mount")
        #expect(throws: FileSystemError.self) { try Unmounting.unmount(former) }
        #expect(place.devices == [former.device, new.device])
        try Unmounting.unmount(new)
        #expect(place.devices == [former.device])
        try Unmounting.unmount(former)
        let another = try place.mount("mount")
        if former.device != another.device {
            try Unmounting.unmount(former)
            #expect(place.devices == [another.device])
        }
        try Unmounting.unmount(MountIdentity(path: another.path, device: "0:999999"))
        #expect(place.devices == [another.device])
    }

    @Test("A link that has taken the place of the folder above leads to no other mount")
    func swappedFolder() throws {
        let place = try Place()
        defer { place.clean() }
        let meant = try place.mount("above/mount")
        let other = try place.mount("other/mount")
        #expect(rename(place.path("above"), place.path("moved")) == 0)
        #expect(symlink(place.path("other"), place.path("above")) == 0)
        try Unmounting.unmount(meant)
        #expect(place.devices == [meant.device, other.device])
    }

    @Test("A mount that has gone is looked for nowhere else, where another one has its device's number")
    func reusedDevice() throws {
        let place = try Place()
        defer { place.clean() }
        let other = try place.mount("other/mount")
        try place.folder.folder("gone")
        try Unmounting.unmount(MountIdentity(path: place.path("gone"), device: other.device))
        #expect(place.devices == [other.device])
    }

    @Test("Processes that use one place wait for each other, and only a user's own mount is replaced")
    func lockAndOwner() throws {
        let place = try Place()
        defer { place.clean() }
        let mount = try place.mount("mount")
        let descriptor = open(place.path("."), O_RDONLY | O_DIRECTORY)
        let first = PlaceLock(of: mount.path)
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) != 0)
        first.release()
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        close(descriptor)
        let entry = try #require(MountTable.current.top(on: mount.path))
        try Predecessor.checkOwner(of: entry, isUser: 0)
        #expect(throws: FileSystemError.self) { try Predecessor.checkOwner(of: entry, isUser: 65534) }
    }
}
