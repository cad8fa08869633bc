import TestSupport
import Testing

@testable import FileSystem

@Suite("The table of mounts", .orderly)
struct MountTableTests {
    @Test("A mount's place, type, account and user are read, whatever characters are in its path")
    func entry() throws {
        let table = MountTable(
            #"""
            1 1 0:2 / / rw - rootfs rootfs rw
            27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
            40 27 0:39 / /mnt/a\040b\134c\011d ro,nosuid shared:7 master:1 - fuse.twiliofs twilio:AC1 ro,user_id=1000,max_read=1
            nonsense
            41 27 0:40 / /short
            """#)
        let top = try #require(table.top(on: "/mnt/a b\\c\td"))
        #expect(top.isOurs && top.device == "0:39" && top.source == "twilio:AC1" && top.owner == 1000)
        #expect(table.entries.count == 3)
        #expect(table.top(on: "/")?.type == "ext4" && table.stack(on: "/").count == 2)
        #expect(table.top(on: "/")?.owner == nil)
        for path in ["/mnt", "/mnt/a", "/short", "/nothing/at/all"] { #expect(table.top(on: path) == nil) }
    }

    @Test("The uppermost of several on a directory is that which is on the others, whatever their order in the table")
    func stack() {
        let lines = [
            "27 1 8:1 / / rw - ext4 a rw", "50 27 0:1 / /m rw - fuse.twiliofs low rw",
            "41 50 0:2 / /m rw - fuse.other middle rw", "60 41 0:3 / /m rw - fuse.twiliofs high rw",
        ]
        for order in [lines, lines.reversed(), [lines[2], lines[0], lines[3], lines[1]]] {
            let table = MountTable(order.joined(separator: "\n"))
            #expect(table.stack(on: "/m").map(\.source) == ["low", "middle", "high"])
            #expect(table.top(on: "/m")?.isOurs == true)
        }
    }

    @Test("A mount that another one hides doesn't count, nor one beside the root of this process")
    func hidden() {
        let table = MountTable(
            """
            27 1 8:1 / / rw - ext4 a rw
            50 27 0:1 / /m/below rw - fuse.twiliofs hidden rw
            51 27 0:2 / /m rw - tmpfs over rw
            """)
        #expect(table.top(on: "/m/below") == nil)
        #expect(table.top(on: "/m")?.type == "tmpfs")
        // Of a process in a root of its own, whose root is no mount point.
        let jailed = MountTable("50 27 0:1 / /m rw - fuse.twiliofs inside rw")
        #expect(jailed.top(on: "/m")?.source == "inside")
    }

    @Test("The kernel's own table has the root and /proc")
    func kernel() {
        #expect(MountTable.current.top(on: "/") != nil && MountTable.current.top(on: "/proc")?.type == "proc")
        #expect(MountPoint.fileSystemType(mountedOn: "/proc") == "proc")
    }
}
