import CFUSE
import FileTree
import Glibc

// Requests about directories. The kernel's handle is a retained ``DirectoryHandle``.

func openDirectory(_ handle: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?) {
    guard let information = file?.pointee else { return }
    OperationContext.run(handle, .openDirectory, inode) { context, request in
        context.tree.openDirectory(inode.inode) { [information] result in
            var information = information
            switch result {
            case .success(let directory):
                let retained = Unmanaged.passRetained(directory)
                information.fh = UInt64(UInt(bitPattern: retained.toOpaque()))
                if !request.answer({ fuse_reply_open($0, &information) }) { retained.release() }
            case .failure(let error): request.fail(error)
            }
        }
    }
}

func releaseDirectory(_ handle: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?) {
    OperationContext.run(handle, .releaseDirectory, inode) { _, request in
        // Balances passRetained in openDirectory; the kernel releases each handle once.
        pointer(of: file).map { Unmanaged<DirectoryHandle>.fromOpaque($0).release() }
        request.succeed()
    }
}

func readDirectory(
    _ handle: fuse_req_t?, _ inode: fuse_ino_t, _ size: Int, _ offset: off_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    list(handle, inode, size: size, entrySize: DirectoryBuffer.entrySize, after: Int64(offset), file: file) {
        $0.add($1, for: $2)
    } afterwards: { _, _ in
    }
}

func readDirectoryWithAttributes(
    _ handle: fuse_req_t?, _ inode: fuse_ino_t, _ size: Int, _ offset: off_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    list(
        handle, inode, size: size, entrySize: DirectoryBuffer.entryWithAttributesSize, after: Int64(offset), file: file
    ) {
        $0.addWithAttributes($1, for: $2)
    } afterwards: { tree, entries in
        // Each entry reported with attributes counts as looked up.
        for entry in entries where entry.attributes != nil && entry.name != "." && entry.name != ".." {
            tree.refer(to: entry)
        }
    }
}

/// Answers with as many entries as fit.
///
/// - Parameters:
///   - entrySize: The size of most entries in bytes, which limits the query.
///   - counting: Receives the entries of the answer before it is sent: the kernel may use them at once.
private func list(
    _ handle: fuse_req_t?, _ inode: fuse_ino_t, size: Int, entrySize: Int, after cookie: Int64,
    file: UnsafeMutablePointer<fuse_file_info>?,
    adding add: (inout DirectoryBuffer, DirectoryEntry, fuse_req_t) -> Bool,
    afterwards counting: (FileTree, ArraySlice<DirectoryEntry>) -> Void
) {
    OperationContext.run(handle, .readDirectory, inode) { context, request in
        guard let directory = pointer(of: file).map({ Unmanaged<DirectoryHandle>.fromOpaque($0).takeUnretainedValue() })
        else { return request.fail(.tree(.inputOutput)) }
        do throws(FileTreeError) {
            let entries = try context.tree.entries(of: directory, after: cookie, limit: max(1, size / entrySize))
            request.answer { handle in
                var buffer = DirectoryBuffer(size: size)
                var count = 0
                while count < entries.count, add(&buffer, entries[count], handle) { count += 1 }
                counting(context.tree, entries[..<count])
                return buffer.withBytes {
                    fuse_reply_buf(handle, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
                }
            }
        } catch {
            request.fail(error)
        }
    }
}

/// The object behind a handle.
func pointer(of file: UnsafeMutablePointer<fuse_file_info>?) -> UnsafeRawPointer? {
    file.flatMap { UnsafeRawPointer(bitPattern: UInt($0.pointee.fh)) }
}
