package import Catalog
import Foundation
import TestSupport

/// A folder for one catalog.
package struct CatalogFolder: Sendable {
    package let path: String

    /// A new one, for as long as the process runs: a catalog may outlive this.
    package init() throws {
        path = try TemporaryFolder.pathOfRun()
    }

    package init(path: String) {
        self.path = path
    }

    package var file: String { path + "/catalog.sqlite" }

    /// Opens the catalog; several may be open, as those of several mounts are.
    package func catalog(window: CatalogWindow = CatalogWindow()) throws -> Catalog {
        try Catalog(folder: path, window: window, logger: .silent)
    }

    /// The names of the markers that say that the disk may lack something.
    package var bulkMarkers: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.contains("-bulk-") }
        }
    }
}
