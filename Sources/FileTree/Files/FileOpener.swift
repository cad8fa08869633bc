import Catalog
import Media
import Prefetching
import Support
import Sync
import TwilioAPI

/// Opens files for reading.
struct FileOpener: Sendable {
    let branches: Branches
    let library: MediaLibrary
    let controlFiles: ControlFiles

    /// Opens a file.
    func open(_ node: Node, completion: @escaping TreeCompletion<OpenFile>) {
        do throws(FileTreeError) {
            let branch = branches[node.branch]
            branch.synchronizer.noteUse()
            switch node.place {
            case .directory: throw FileTreeError(.isDirectory, "a directory can't be opened as a file")
            case .link: throw FileTreeError(.invalid, "a symbolic link can't be opened as a file")
            case .control(let file):
                let content = OpenFile.Content.bytes(try controlFiles.content(of: file))
                completion(.success(OpenFile(content: content, mayKeepPages: false, isVolatile: true)))
            case .metadata(let sid, _): openResource(sid, branch, completion)
            case .media(let sid, _): openMedia(sid, node.branch, completion)
            }
        } catch {
            completion(.failure(error))
        }
    }

    private func openResource(_ sid: SID, _ branch: Branch, _ completion: @escaping TreeCompletion<OpenFile>) {
        branch.whenFound(sid) { branch throws(FileTreeError) in
            // Read before the content, to notice a change in between.
            let before = try branch.entry(of: sid)
            let isCurrent: @Sendable () -> Bool = {
                do throws(FileTreeError) {
                    let now = try branch.entry(of: sid)
                    return now.jsonSize == before.jsonSize && now.dateUpdated == before.dateUpdated
                } catch {
                    // What the catalog can't tell, nobody was told.
                    return error.code == .inputOutput
                }
            }
            return OpenFile(
                content: .bytes(try branch.resource(of: sid).json), modified: Attributes.time(ofResource: before),
                mayKeepPages: false, isCurrent: isCurrent)
        } completion: {
            completion($0)
        }
    }

    private func openMedia(_ sid: SID, _ number: BranchNumber, _ completion: @escaping TreeCompletion<OpenFile>) {
        let branch = branches[number]
        let prefetcher = branch.prefetcher
        let opened: @Sendable (MediaReader, Timestamp?, Int64?) -> OpenFile = { reader, created, size in
            reader.whenReadToEnd { prefetcher.didReadToEnd(sid) }
            return OpenFile(
                content: .media(reader), branch: number, modified: created ?? Attributes.unknownTime, size: size,
                mayKeepPages: reader.mayKeepPages, onClose: { prefetcher.didClose(sid) })
        }
        // A recently read file needs no query.
        if let reader = library.openAtHand(sid) {
            prefetcher.didOpen(sid)
            return completion(.success(opened(reader, library.resourceAtHand(sid)?.dateCreated, nil)))
        }
        branch.whenFound(sid) { branch throws(FileTreeError) in
            try branch.entry(of: sid)
        } completion: { result in
            let entry: CatalogEntry
            switch result {
            case .success(let found): entry = found
            case .failure(let error): return completion(.failure(error))
            }
            prefetcher.didOpen(sid)
            if let reader = deferredReader(of: entry, in: branch) {
                return completion(.success(opened(reader, entry.dateCreated, entry.plaintextSize)))
            }
            openNow(sid, branch) { [library] result in
                switch result {
                case .success(let reader):
                    completion(.success(opened(reader, entry.dateCreated, entry.plaintextSize)))
                case .failure(let error):
                    prefetcher.didClose(sid)
                    MediaFailures(library: library).translate(error, in: branch) { completion(.failure($0)) }
                }
            }
        }
    }

    /// A reader that opens media at its first read; nil if media has to be opened with the file.
    private func deferredReader(of entry: CatalogEntry, in branch: Branch) -> MediaReader? {
        // An empty file is never read, so its tag is checked at the opening.
        guard let size = entry.plaintextSize, size > 0 || entry.requirement == nil, isKeyKnown(for: entry, in: branch)
        else { return nil }
        let sid = entry.sid
        return library.deferOpening(of: sid, size: size, hasTag: entry.integrity != .none) { completion in
            openNow(sid, branch, completion)
        }
    }

    /// Opens media with the catalog's facts; an error of the tree is the cause of the failure.
    private func openNow(
        _ sid: SID, _ branch: Branch, _ completion: @escaping @Sendable (Result<MediaReader, MediaError>) -> Void
    ) {
        branch.whenFound(sid) { branch throws(FileTreeError) in
            (
                resource: try branch.resource(of: sid), facts: try branch.knownFacts(of: sid),
                integrity: try branch.storedIntegrity(of: sid)?.finding
            )
        } completion: { [library] result in
            switch result {
            case .success(let stored):
                library.open(
                    stored.resource, facts: stored.facts, integrity: stored.integrity, completion: completion)
            case .failure(let error):
                completion(.failure(MediaError(.storage, sid, error.message, cause: error)))
            }
        }
    }

    /// Whether a file can be opened, as far as known without its envelope.
    ///
    /// It can if it requires no private key, or if the private key for its named public key has opened other files.
    private func isKeyKnown(for entry: CatalogEntry, in branch: Branch) -> Bool {
        guard let number = entry.requirement else { return true }
        guard case .privateKey(let sid) = branch.catalog.requirements[number] else { return false }
        return library.isKeyHeld(publicKeySID: sid, kind: entry.kind) == true
    }
}
