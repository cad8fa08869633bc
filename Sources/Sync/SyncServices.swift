import Catalog
import Logging
import TwilioAPI

/// The services shared by the lists of one account.
struct SyncServices: Sendable {
    let catalog: Catalog
    let client: TwilioClient
    let finder: ResourceFinder
    let settings: SyncSettings
    /// Threads that other accounts may share.
    let workers: SyncWorkers
    let logger: Logger
    let newCredentials = NewCredentials()

    var writer: WriteQueue { workers.writer }
}
