import CFUSE
import FileTree
import Glibc
import Media
import Support

// Requests about names and attributes.

func lookUp(_ handle: fuse_req_t?, _ parent: fuse_ino_t, _ name: UnsafePointer<CChar>?) {
    let name = name.map { String(cString: $0) } ?? ""
    OperationContext.run(handle, .lookUp, parent, name: name, patience: PendingRequests.patienceOfLookups) {
        context, request in
        context.tree.lookUp(name, in: parent.inode) { result in
            switch result {
            case .success(let entry):
                var parameters = fuse_entry_param(entry.attributes, validity: entry.validity)
                if !request.answer({ fuse_reply_entry($0, &parameters) }) {
                    // The kernel hasn't taken the answer's reference.
                    context.tree.forget(entry.attributes.inode, count: 1)
                }
            case .failure(let error): request.fail(error)
            }
        }
    }
}

func forgetOne(_ handle: fuse_req_t?, _ inode: fuse_ino_t, _ count: UInt64) {
    OperationContext.run(handle, .forget, inode) { context, request in
        context.tree.forget(inode.inode, count: count)
        answerNothing(request)
    }
}

func forgetMany(_ handle: fuse_req_t?, _ count: Int, _ forgets: UnsafeMutablePointer<fuse_forget_data>?) {
    OperationContext.run(handle, .forget, 0) { context, request in
        for forget in UnsafeBufferPointer(start: forgets, count: forgets == nil ? 0 : count) {
            context.tree.forget(forget.ino.inode, count: forget.nlookup)
        }
        answerNothing(request)
    }
}

/// Gives libfuse its handle back; the kernel expects no answer to FORGET.
private func answerNothing(_ request: Request) {
    request.answer { handle in
        fuse_reply_none(handle)
        return 0
    }
}

func getAttributes(_ handle: fuse_req_t?, _ inode: fuse_ino_t, _ file: UnsafeMutablePointer<fuse_file_info>?) {
    OperationContext.run(handle, .getAttributes, inode) { context, request in
        // The kernel names an open file when a program reads it or seeks to its end, not for `stat`.
        let file = object(OpenFile.self, of: file)?.takeUnretainedValue()
        if file?.isOutdated == true {
            // With the new size, the old media would seem to end too early or too late.
            let reason = "the media has changed since the file was opened: open it again"
            return request.fail(.tree(.media(.changed)), reason)
        }
        context.tree.attributes(of: inode.inode, openedAs: file) { result in
            switch result {
            case .success(let attributes):
                var stat = attributes.stat
                request.answer { fuse_reply_attr($0, &stat, attributes.validity) }
            case .failure(let error): request.fail(error)
            }
        }
    }
}

func readLink(_ handle: fuse_req_t?, _ inode: fuse_ino_t) {
    OperationContext.run(handle, .readLink, inode) { context, request in
        context.tree.target(of: inode.inode) { result in
            switch result {
            case .success(let target): request.answer { fuse_reply_readlink($0, target) }
            case .failure(let error): request.fail(error)
            }
        }
    }
}

func getStatistics(_ handle: fuse_req_t?, _ inode: fuse_ino_t) {
    OperationContext.run(handle, .getStatistics, inode) { (context, request) throws(FileTreeError) in
        let totals = try context.tree.totals()
        var statistics = statvfs(files: totals.files, bytes: totals.bytes)
        request.answer { fuse_reply_statfs($0, &statistics) }
    }
}

func getExtendedAttribute(_ handle: fuse_req_t?, _ inode: fuse_ino_t, _ name: UnsafePointer<CChar>?, _ size: Int) {
    OperationContext.run(handle, .getExtendedAttribute, inode) { (context, request) throws(FileTreeError) in
        let name = name.map { String(cString: $0) } ?? ""
        // Not looked up: the kernel and some programs request other attributes (security.*, posix_acl) at every access.
        guard name.hasPrefix("user.") else { throw FileTreeError(.noAttribute, "only user attributes are kept") }
        context.tree.extendedAttributes(of: inode.inode) { result in
            do throws(FileTreeError) {
                guard let value = try result.get().first(where: { $0.name == name })?.value else {
                    throw FileTreeError(.noAttribute, "there is no attribute '\(name)'")
                }
                reply(Array(value.utf8), to: request, size: size)
            } catch {
                request.fail(error)
            }
        }
    }
}

func listExtendedAttributes(_ handle: fuse_req_t?, _ inode: fuse_ino_t, _ size: Int) {
    OperationContext.run(handle, .listExtendedAttributes, inode) { context, request in
        guard size > 0 else {
            // A program asks for the size, and then for the names, of which there may be more by then. Few programs
            // try again.
            return context.tree.roomForAttributeNames(of: inode.inode) { result in
                switch result {
                case .success(let room): request.answer { fuse_reply_xattr($0, room) }
                case .failure(let error): request.fail(error)
                }
            }
        }
        context.tree.extendedAttributes(of: inode.inode) { result in
            switch result {
            case .success(let attributes):
                reply(attributes.flatMap { Array($0.name.utf8) + [0] }, to: request, size: size)
            case .failure(let error): request.fail(error)
            }
        }
    }
}

/// Answers with a value, or with its size if `size` is 0 (getxattr(2)).
private func reply(_ value: [UInt8], to request: Request, size: Int) {
    if size == 0 {
        request.answer { fuse_reply_xattr($0, value.count) }
    } else if value.count > size {
        request.fail(.smallBuffer)
    } else {
        request.reply(value.span.bytes)
    }
}
