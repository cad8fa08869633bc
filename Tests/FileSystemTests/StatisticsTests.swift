import CFUSE
import Glibc
import TestSupport
import Testing

@testable import FileSystem

@Suite("What df tells", .orderly)
struct StatisticsTests {
    @Test(
        "Whatever is used, it is told, and at most one percent of what there is",
        arguments: [0, 1, 4095, 4096, 4097, 46_278_377_472, 1 << 50, 1 << 62, .max, -1, .min] as [Int64])
    func room(bytes: Int64) {
        let statistics = statvfs(files: bytes, bytes: bytes)
        for (total, free, available) in [
            (statistics.f_blocks, statistics.f_bfree, statistics.f_bavail),
            (statistics.f_files, statistics.f_ffree, statistics.f_favail),
        ] {
            #expect(free > 0 && free == available && total > 0)
            // As `df` calculates it.
            let used = total - free
            let percent = (used * 100).addingReportingOverflow(total - 1)
            #expect(!percent.overflow && percent.partialValue / total <= 1)
        }
        if bytes >= 0, bytes <= 1 << 50 {
            #expect(statistics.f_blocks - statistics.f_bfree == UInt((bytes + 4095) / 4096))
            #expect(statistics.f_files - statistics.f_ffree == UInt(bytes))
        }
    }
}
