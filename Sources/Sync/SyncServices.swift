import Catalog
import Logging
import Support
import Transfer
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

    /// Writes a line about a list to the log.
    ///
    /// - Parameters:
    ///   - error: The failure; nil for the recovery.
    ///   - list: The list's name.
    ///   - failed: What happened when it failed, after the list's name.
    ///   - refused: What happened when it was refused.
    func log(_ line: ListLog.Line, _ error: CatalogError?, of list: String, failed: String, refused: String) {
        switch (line, error) {
        case (.failure, let error?): logger.failure("\(list) \(failed)", error: ListFailure(error, list: list))
        case (.refusal, let error?): logger.failure("\(list) \(refused)", error: ListFailure(error, list: list))
        case (.repetition, let error?): logger.debug("\(list) failed again", error: error)
        default: logger.notice("\(list) can be fetched again")
        }
    }
}
