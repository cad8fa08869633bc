import CFUSE
import FileTree
import Glibc

// Requests about directories. The kernel's handle is a retained ``DirectoryHandle``.

func openDirectory(_ handle: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?) {
    guard let information = file?.pointee else { return }
    OperationContext.run(handle, .openDirectory, inode) { context, request in
        context.tree.openDirectory(inode.inode) { result in
            switch result {
            case .success(let directory): request.answer(opened: directory, information)
            case .failure(let error): request.fail(error)
            }
        }
    }
}

func releaseDirectory(_ handle: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?) {
    OperationContext.run(handle, .releaseDirectory, inode) { _, request in
        // Balances passRetained; the kernel releases each handle once.
        object(DirectoryHandle.self, of: file)?.release()
        request.succeed()
    }
}

func readDirectory(
    _ handle: fuse_req_t?, _ inode: fuse_ino_t, _ size: Int, _ offset: off_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) { list(handle, inode, size: size, after: Int64(offset), file: file, withAttributes: false) }

func readDirectoryWithAttributes(
    _ handle: fuse_req_t?, _ inode: fuse_ino_t, _ size: Int, _ offset: off_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) { list(handle, inode, size: size, after: Int64(offset), file: file, withAttributes: true) }

/// Answers with as many entries as fit.
private func list(
    _ handle: fuse_req_t?, _ inode: fuse_ino_t, size: Int, after cookie: Int64,
    file: UnsafeMutablePointer<fuse_file_info>?, withAttributes: Bool
) {
    OperationContext.run(handle, .readDirectory, inode) { context, request in
        guard let directory = object(DirectoryHandle.self, of: file)?.takeUnretainedValue() else {
            return request.fail(.tree(.inputOutput))
        }
        // Most entries have this size, so the query needs no more of them.
        let entrySize = withAttributes ? DirectoryBuffer.entryWithAttributesSize : DirectoryBuffer.entrySize
        context.tree.entries(of: directory, after: cookie, limit: max(1, size / entrySize)) { result in
            switch result {
            case .success(let entries):
                answer(request, with: entries, size: size, withAttributes: withAttributes, context.tree)
            case .failure(let error): request.fail(error)
            }
        }
    }
}

/// Answers with as many of a directory's entries as fit.
private func answer(
    _ request: Request, with entries: [DirectoryEntry], size: Int, withAttributes: Bool, _ tree: FileTree
) {
    var referred: [InodeNumber] = []
    let isAnswered = request.answer { handle in
        var buffer = DirectoryBuffer(size: size)
        for entry in entries {
            // Each entry that is reported with attributes counts as looked up. It is counted before its number is
            // written, which another entry might get otherwise, and the kernel may use it at once.
            let isReferred = withAttributes && entry.attributes != nil && !entry.isDot
            let entry = isReferred ? tree.refer(to: entry) : entry
            if isReferred { referred.append(entry.inode) }
            guard buffer.add(entry, withAttributes: withAttributes, for: handle) else {
                if isReferred { tree.forget(referred.removeLast(), count: 1) }
                break
            }
        }
        return buffer.withBytes {
            fuse_reply_buf(handle, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
    }
    // The kernel hasn't taken the references of an answer that failed.
    guard !isAnswered else { return }
    for inode in referred { tree.forget(inode, count: 1) }
}

/// The open file or directory behind the kernel's handle.
func object<Object: AnyObject>(
    _ type: Object.Type, of file: UnsafeMutablePointer<fuse_file_info>?
) -> Unmanaged<Object>? {
    file.flatMap { UnsafeRawPointer(bitPattern: UInt($0.pointee.fh)) }.map(Unmanaged.fromOpaque)
}
