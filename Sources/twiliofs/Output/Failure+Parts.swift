import Catalog
import DiskCache
import FileSystem
import Support
import Transfer
import TwilioAPI

extension Failure {
    /// The failure of a part of the mount, with its exit status.
    init(of error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as FileSystemError: self.init(error)
        case let error as TwilioError: self.init(error)
        case let error as CatalogError: self.init(.cache, error.message)
        case let error as DiskCacheError: self.init(.cache, error.message)
        case let error as TransferError: self.init(.configuration, error.message)
        default: self.init(.other, "\(error)")
        }
    }
}
