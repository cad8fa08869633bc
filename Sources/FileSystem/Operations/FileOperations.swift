import CFUSE
import FileTree
import Glibc
import Media
import Support

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
        let isDirect = (file?.pointee.flags ?? 0) & __O_DIRECT != 0
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
            let range = Int64(offset)..<Int64(offset).addingSaturated(Int64(size))
            if let error = context.failureOfFirstAttempt(request, range) { return request.fail(again: error) }
            reader.read(
                at: Int64(offset), count: size,
                receiver: ReadReply(
                    request: request, context: context, file: file, repeatedRange: isDirect ? nil : range))
        }
    }
}

/// Answers a read with its result.
private struct ReadReply: ReadReceiver {
    let request: Request
    let context: OperationContext
    let file: OpenFile
    /// The bytes, if the kernel would try a second time.
    let repeatedRange: Range<Int64>?

    func readDidFinish(_ plaintext: RawSpan) { request.reply(plaintext) }

    func readDidFail(_ error: MediaError) {
        context.tree.translate(error, of: file) { error in
            // First: the second attempt comes as soon as this is answered.
            if let repeatedRange { context.note(error, of: request, repeatedRange) }
            request.fail(error)
        }
    }
}

extension OperationContext {
    /// Returns the error of a read if this is the kernel's second attempt at it.
    fileprivate func failureOfFirstAttempt(_ request: Request, _ range: Range<Int64>) -> FileTreeError? {
        failedReads.withLock { failed in
            failed.isEmpty ? nil : failed.take(request.inode, range, by: request.threadID, now: .now)
        }
    }

    /// Remembers a read that was repeated until its deadline; other errors cost no wait.
    fileprivate func note(_ error: FileTreeError, of request: Request, _ range: Range<Int64>) {
        let waited: Set<FileTreeErrorCode> = [.media(.transferFailed), .media(.mediaMissing)]
        guard waited.contains(error.code), request.isPending else { return }
        failedReads.withLock { $0.note(error, of: request.inode, range, by: request.threadID, now: .now) }
    }
}
