import FoundationEssentials
import Support

/// Writes the accounts' media as the media host stores it, so that a server made for large files can serve it.
struct MediaExport {
    /// The accounts.
    let accounts: [SimulatedAccount]
    /// The behaviour that decides on ciphers and headers.
    let behaviour: Behaviour

    /// Tells where one object is and what is sent with it.
    private struct ExportedObject: Encodable {
        /// The path on the media host, and below the folder.
        let path: String
        /// The headers that are stored with it.
        let headers: [String: String]
    }

    /// Writes all media of files, and then the list of it, `objects.json`; generated recordings are left out.
    ///
    /// - Throws: `SimulatorError` when something can't be sealed or written.
    func write(to folder: String) throws(SimulatorError) {
        var objects: [ExportedObject] = []
        for account in accounts { try write(account, to: folder, objects: &objects) }
        try write(objects, to: "\(folder)/objects.json")
    }

    private func write(
        _ account: SimulatedAccount, to folder: String, objects: inout [ExportedObject]
    ) throws(SimulatorError) {
        let service = MediaService(account: account, behaviour: behaviour)
        do {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(account.sid)", withIntermediateDirectories: true)
        } catch {
            throw SimulatorError(.file, "The folder \(folder) can't be made; give one that can", cause: error)
        }
        for resource in account.state.withLock({ $0.stored }) where resource.hasContent {
            guard let media = resource.media else { continue }
            let cipher = service.cipher(of: resource)
            let path = service.path(of: resource)
            try account.store.export(resource, media: media, cipher: cipher, to: folder + path)
            var headers = service.storedHeaders(of: resource, media: media)
            headers.append(("Last-Modified", resource.created.httpDate))
            if behaviour.sendsETag {
                headers.append(("ETag", try service.entityTag(resource, media: media, cipher: cipher)))
            }
            objects.append(ExportedObject(path: path, headers: Dictionary(headers.map { ($0.name, $0.value) }) { $1 }))
        }
    }

    private func write(_ objects: [ExportedObject], to path: String) throws(SimulatorError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            try encoder.encode(objects).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw SimulatorError(.file, "The file \(path) can't be written; make room for it", cause: error)
        }
    }
}
