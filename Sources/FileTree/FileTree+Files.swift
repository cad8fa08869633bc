import Catalog
import Logging
public import Media
import Prefetching
public import Support
import TwilioAPI

/// Opening files and what is known of them besides their attributes.
extension FileTree {
    /// Opens a file for reading.
    public func open(_ inode: InodeNumber, completion: @escaping Completion<OpenFile>) {
        do throws(FileTreeError) {
            let node = try node(inode)
            let branch = branch(node.branch)
            branch.synchronizer.noteUse()
            switch node.place {
            case .directory:
                throw FileTreeError(.isDirectory, "a directory can't be opened as a file")
            case .link:
                throw FileTreeError(.invalid, "a symbolic link can't be opened as a file")
            case .control(let file):
                let content = OpenFile.Content.bytes(try self.content(of: file))
                completion(.success(OpenFile(content: content, mayKeepPages: false, isVolatile: true)))
            case .metadata(let sid, _):
                // Before the content, so that a change in between is noticed.
                let before = try catalogEntry(sid, branch)
                let isCurrent: @Sendable () -> Bool = { [self] in
                    guard let now = try? catalogEntry(sid, branch) else { return false }
                    return now.jsonSize == before.jsonSize && now.dateUpdated == before.dateUpdated
                }
                let content = OpenFile.Content.bytes(try resource(sid, branch).json)
                completion(.success(OpenFile(content: content, mayKeepPages: false, isCurrent: isCurrent)))
            case .media(let sid, _):
                try openMedia(sid, node.branch, completion)
            }
        } catch {
            completion(.failure(error))
        }
    }

    private func openMedia(
        _ sid: SID, _ number: BranchNumber, _ completion: @escaping Completion<OpenFile>
    ) throws(FileTreeError) {
        let branch = branch(number)
        let prefetcher = branch.prefetcher
        let opened: @Sendable (MediaReader) -> OpenFile = { reader in
            reader.whenReadToEnd { prefetcher.didReadToEnd(sid) }
            return OpenFile(
                content: .media(reader), branch: number, mayKeepPages: reader.mayKeepPages,
                onClose: { prefetcher.didClose(sid) })
        }
        // What was read lately needs nothing from the catalog.
        if let reader = parts.library.openAtHand(sid) {
            prefetcher.didOpen(sid)
            completion(.success(opened(reader)))
            return
        }
        let entry = try catalogEntry(sid, branch)
        // Of an empty file nothing is ever read, so that opening is the time to look at its tag.
        if let size = entry.plaintextSize, size > 0 || entry.requirement == nil, isKeyKnown(for: entry, in: branch) {
            prefetcher.didOpen(sid)
            let reader = parts.library.deferOpening(
                of: sid, size: size, hasTag: entry.integrity != .none
            ) { [self] completion in
                do throws(FileTreeError) {
                    try openNow(sid, branch, completion)
                } catch {
                    completion(.failure(MediaError(.storage, sid, error.message, cause: error)))
                }
            }
            completion(.success(opened(reader)))
            return
        }
        prefetcher.didOpen(sid)
        do throws(FileTreeError) {
            try openNow(sid, branch) { [self] result in
                switch result {
                case .success(let reader):
                    completion(.success(opened(reader)))
                case .failure(let error):
                    prefetcher.didClose(sid)
                    translate(error, in: branch) { completion(.failure($0)) }
                }
            }
        } catch {
            prefetcher.didClose(sid)
            throw error
        }
    }

    /// Opens media with all that the catalog knows of it.
    private func openNow(
        _ sid: SID, _ branch: Branch, _ completion: @escaping @Sendable (Result<MediaReader, MediaError>) -> Void
    ) throws(FileTreeError) {
        parts.library.open(
            try resource(sid, branch), facts: try knownFacts(sid, branch),
            integrity: try storedIntegrity(sid, branch)?.finding, completion: completion)
    }

    /// Whether it is known without opening the envelope that a file can be opened: it isn't encrypted as far as its
    /// resource tells, or the private key that it names has opened others.
    private func isKeyKnown(for entry: CatalogEntry, in branch: Branch) -> Bool {
        guard let number = entry.requirement else { return true }
        guard case .privateKey(let sid) = branch.catalog.requirement(number) else { return false }
        return parts.library.isKeyHeld(publicKeySID: sid, kind: entry.kind) == true
    }

    /// The extended attributes of a node, names and values; only media has some.
    public func extendedAttributes(of inode: InodeNumber) throws(FileTreeError) -> [(name: String, value: String)] {
        let node = try node(inode)
        guard case .media(let sid, _) = node.place else { return [] }
        let branch = branch(node.branch)
        return ExtendedAttributes(
            resource: try resource(sid, branch), facts: try knownFacts(sid, branch),
            integrity: parts.library.integrity(of: sid), stored: try storedIntegrity(sid, branch)
        ).values
    }

    /// The number of completed recordings, and the sum of the sizes that are known, in bytes.
    public func totals() throws(FileTreeError) -> (files: Int64, bytes: Int64) {
        var sum: (files: Int64, bytes: Int64) = (0, 0)
        for branch in branches {
            do throws(CatalogError) {
                for tally in try branch.catalog.tallies() where tally.status == .completed {
                    sum = (sum.files.addingSaturated(tally.count), sum.bytes.addingSaturated(tally.knownBytes))
                }
            } catch {
                throw inputOutput(error)
            }
        }
        return sum
    }

    /// Tells an error of reading an open file as the tree's, once it is known what it means.
    public func translate(
        _ error: MediaError, of file: OpenFile, completion: @escaping @Sendable (FileTreeError) -> Void
    ) {
        translate(error, in: branch(file.branch), completion: completion)
    }

    /// Tells an error of reading or describing media as the tree's, once it is known what it means.
    ///
    /// When the media isn't there, Twilio is asked for the recording: it may have been deleted.
    func translate(
        _ error: MediaError, in branch: Branch, completion: @escaping @Sendable (FileTreeError) -> Void
    ) {
        guard error.code == .mediaMissing else {
            if mayBeTheResources(error, in: branch) { branch.synchronizer.refresh(error.sid) }
            completion(failure(error))
            return
        }
        branch.synchronizer.recheck(error.sid) { [self] isGone in
            completion(isGone ? Self.gone(error.sid, cause: error) : failure(error))
        }
    }

    /// Whether an error may come of what the resource says of the media, so that it is worth asking for it again.
    ///
    /// It may have been damaged on its way, or incomplete.
    private func mayBeTheResources(_ error: MediaError, in branch: Branch) -> Bool {
        switch error.code {
        case .unreadableEnvelope, .unexpectedContent, .authenticationFailed:
            return true
        case .keyNotHeld:
            // Not for each recording of a key that is simply not held.
            guard let resource = try? resource(error.sid, branch),
                let publicKeySID = resource.publicKeySID.flatMap({ SID($0) })
            else { return false }
            return parts.library.isKeyHeld(publicKeySID: publicKeySID, kind: resource.kind) == true
        default:
            return false
        }
    }

    private func failure(_ error: MediaError) -> FileTreeError {
        // The cause is the tree's where the tree itself has refused a deferred opening.
        error.cause as? FileTreeError ?? FileTreeError(.media(error.code), error.message, cause: error)
    }
}
