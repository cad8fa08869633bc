import Foundation

/// Reads a part of an open file in one of the ways.
///
/// Belongs to one thread.
final class Reading {
    /// What is moved through the pipe at once: it holds that without a reader.
    private static let pipeSize = 65_536

    private let (output, input): (Int32, Int32)

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure.last }
        (output, input) = (ends[0], ends[1])
    }

    /// Gives the bytes from an offset on; fewer than `count` only where the file says that it ends.
    func bytes(_ way: ReadWay, of file: Int32, size: Int, at offset: Int, count: Int) throws -> [UInt8] {
        switch way {
        case .pread: return try filled(count) { pread(file, $0, $1, offset + $2) }
        case .direct: return try direct(file, offset, count)
        case .read, .whole:
            guard lseek(file, off_t(offset), SEEK_SET) >= 0 else { throw Failure.last }
            return try filled(count) { buffer, count, _ in Glibc.read(file, buffer, min(count, 262_144)) }
        case .sendfile: return try sent(file, offset, count)
        case .mmap: return try mapped(file, size, offset, count)
        }
    }

    /// Calls for what is missing until all is there or nothing comes.
    private func filled(
        _ count: Int, _ call: (UnsafeMutableRawPointer, _ count: Int, _ done: Int) -> Int
    ) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0xA5, count: count)
        var done = 0
        try buffer.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            while done < count {
                let result = call(base + done, count - done, done)
                if result < 0, errno == EINTR { continue }
                guard result >= 0 else { throw Failure.last }
                if result == 0 { return }
                done += result
            }
        }
        return [UInt8](buffer.prefix(done))
    }

    /// Reads whole sectors into memory that begins with one, as a file on a disk would demand it.
    private func direct(_ file: Int32, _ offset: Int, _ count: Int) throws -> [UInt8] {
        let begin = offset & ~4095
        let length = (offset + count - begin + 4095) & ~4095
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, 4096, max(length, 4096)) == 0, let memory else { throw Failure(number: ENOMEM) }
        defer { free(memory) }
        var done = 0
        while done < length {
            let result = pread(file, memory + done, length - done, off_t(begin + done))
            guard result >= 0 else { throw Failure.last }
            // The rest of the last sector isn't there; an offset within one would be refused.
            done += result
            if result == 0 || !done.isMultiple(of: 4096) { break }
        }
        let skipped = offset - begin
        guard done > skipped else { return [] }
        return [UInt8](UnsafeRawBufferPointer(start: memory + skipped, count: min(count, done - skipped)))
    }

    private func sent(_ file: Int32, _ offset: Int, _ count: Int) throws -> [UInt8] {
        var place = off_t(offset)
        var result: [UInt8] = []
        while result.count < count {
            let moved = sendfile(input, file, &place, min(count - result.count, Self.pipeSize))
            guard moved >= 0 else { throw Failure.last }
            if moved == 0 { break }
            result += try received(moved)
        }
        return result
    }

    /// Has the kernel copy mapped memory, so that a page that can't be had is an error and not a signal.
    private func mapped(_ file: Int32, _ size: Int, _ offset: Int, _ count: Int) throws -> [UInt8] {
        let begin = offset & ~4095
        let end = min(offset + count, size)
        guard end > begin, offset < end else { return [] }
        guard let memory = mmap(nil, end - begin, PROT_READ, MAP_SHARED, file, off_t(begin)), memory != MAP_FAILED
        else { throw Failure.last }
        defer { munmap(memory, end - begin) }
        var result: [UInt8] = []
        while result.count < end - offset {
            let moved = write(
                input, memory + (offset - begin) + result.count, min(end - offset - result.count, Self.pipeSize))
            guard moved >= 0 else { throw Failure.last }
            result += try received(moved)
        }
        return result
    }

    private func received(_ count: Int) throws -> [UInt8] {
        try filled(count) { buffer, count, _ in Glibc.read(output, buffer, count) }
    }
}
