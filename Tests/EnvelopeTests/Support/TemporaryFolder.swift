import Foundation

/// The folder of this test process, removed when it exits.
struct TemporaryFolder: Sendable {
    static let shared = TemporaryFolder()

    let url: URL

    private init() {
        url = FileManager.default.temporaryDirectory.appending(path: "EnvelopeTests-\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            fatalError("The temporary folder couldn't be made: \(error)")
        }
        atexit(removeTemporaryFolder)
    }

    /// Makes a file of a new name.
    func file(containing data: Data) throws -> URL {
        let file = url.appending(path: UUID().uuidString)
        try data.write(to: file)
        return file
    }
}

private func removeTemporaryFolder() {
    try? FileManager.default.removeItem(at: TemporaryFolder.shared.url)
}
