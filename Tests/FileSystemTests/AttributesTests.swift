import CFUSE
import Glibc
import TestSupport
import Testing
import TwilioAPI

@testable import FileSystem
@testable import FileTree

@Suite("Attributes as stat has them", .orderly)
struct AttributesTests {
    private func attributes(_ type: Attributes.FileType, size: Int64) -> Attributes {
        Attributes(
            inode: InodeNumber(rawValue: .max - 1), type: type, permissions: type == .directory ? 0o500 : 0o400,
            user: 1000, group: 1001, size: size, modified: Timestamp(seconds: 1_476_482_194), validity: 86_400)
    }

    @Test(
        "The size is exact, and its blocks are of 512 bytes, rounded up",
        arguments: [
            (0, 0), (1, 1), (511, 1), (512, 1), (513, 2), (1024, 2), (16_000_044, 31_251),
            (5_000_000_000, 9_765_625),
            (.max, 18_014_398_509_481_984), (.max - 511, 18_014_398_509_481_983),
        ] as [(Int64, Int)])
    func sizes(size: Int64, blocks: Int) {
        let stat = attributes(.regular, size: size).stat
        #expect(stat.st_size == Int(size))
        #expect(stat.st_blocks == blocks)
    }

    @Test("Type, owner, number and times are those of the node")
    func fields() {
        let file = attributes(.regular, size: 1).stat
        #expect(file.st_mode == S_IFREG | 0o400)
        #expect(file.st_nlink == 1)
        #expect(file.st_ino == UInt.max - 1)
        #expect(file.st_uid == 1000)
        #expect(file.st_gid == 1001)
        for time in [file.st_mtim, file.st_ctim, file.st_atim] {
            #expect(time.tv_sec == 1_476_482_194)
            #expect(time.tv_nsec == 0)
        }
        let directory = attributes(.directory, size: 4096).stat
        #expect(directory.st_mode == S_IFDIR | 0o500)
        #expect(directory.st_nlink == 2)
        let link = attributes(.link, size: 61).stat
        #expect(link.st_mode & S_IFMT == S_IFLNK)
        #expect(link.st_nlink == 1)
        #expect(link.st_size == 61)
    }

    @Test("An entry carries its validities, and one without attributes has no number")
    func entries() {
        let found = fuse_entry_param(attributes(.regular, size: 7), validity: 12)
        #expect(found.ino == UInt64.max - 1)
        #expect(found.attr.st_size == 7)
        #expect(found.attr_timeout == 86_400)
        #expect(found.entry_timeout == 12)
        #expect(fuse_entry_param(nil, validity: 12).ino == 0)
    }
}
