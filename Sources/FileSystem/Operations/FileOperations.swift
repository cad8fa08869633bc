import CFUSE
import FileTree
import Glibc
import Media

// Requests about open files. The kernel's handle is a retained ``OpenFile``.

func openFile(_ handle: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?) {
    guard let information = file?.pointee else { return }
    OperationContext.run(handle, .open, inode) { context, request in
        guard information.flags & O_ACCMODE == O_RDONLY else { return request.fail(.tree(.readOnly)) }
        context.tree.open(inode.inode) { result in
            var information = information
            switch result {
            case .success(let file):
                information.keep_cache = file.mayKeepPages ? 1 : 0
                information.direct_io = file.isVolatile ? 1 : 0
                request.answer(opened: file, information)
            case .failure(let error): request.fail(error)
            }
        }
    }
}

func releaseFile(_ handle: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?) {
    OperationContext.run(handle, .release, inode) { _, request in
        // Balances passRetained; the kernel releases each handle once, after its last read was answered.
        object(OpenFile.self, of: file)?.release()
        request.succeed()
    }
}

func readFile(
    _ handle: fuse_req_t?, _ inode: fuse_ino_t, _ size: Int, _ offset: off_t,
    _ file: UnsafeMutablePointer<fuse_file_info>?
) {
    OperationContext.run(handle, .read, inode) { context, request in
        guard let file = object(OpenFile.self, of: file)?.takeUnretainedValue() else {
            return request.fail(.tree(.inputOutput))
        }
        switch file.content {
        case .bytes(let bytes):
            guard file.beginReading() else {
                return request.fail(.tree(.stale), "the resource has changed since the file was opened: open it again")
            }
            let start = min(max(0, offset), bytes.count)
            request.reply(bytes.span.bytes.extracting(start..<min(start + size, bytes.count)))
        case .media(let reader):
            reader.read(
                at: Int64(offset), count: size, receiver: ReadReply(request: request, context: context, file: file))
        }
    }
}

/// Answers a read with its result.
private struct ReadReply: ReadReceiver {
    let request: Request
    let context: OperationContext
    let file: OpenFile

    func readDidFinish(_ plaintext: RawSpan) { request.reply(plaintext) }

    func readDidFail(_ error: MediaError) { context.tree.translate(error, of: file) { request.fail($0) } }
}
