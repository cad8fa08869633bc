package import Catalog
import Foundation
import TestSupport

/// A folder for one catalog.
package struct CatalogFolder: Sendable {
    package let path: String

    /// Holds those of this process, and stays until it ends: a catalog may be open for longer than its folder is
    /// referred to.
    private static let shared = Result { try TemporaryFolder() }

    /// A new one.
    package init() throws {
        self.init(path: try Self.shared.get().path(UUID().uuidString))
    }

    package init(path: String) {
        self.path = path
    }

    package var file: String { path + "/catalog.sqlite" }

    /// Opens the catalog; several may be open, as those of several mounts are.
    package func catalog(window: CatalogWindow = CatalogWindow()) throws -> Catalog {
        try Catalog(folder: path, window: window, logger: Sample.quiet)
    }

    /// The names of the markers that say that the disk may lack something.
    package var bulkMarkers: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.contains("-bulk-") }
        }
    }
}
