import Catalog
import Media
import Support
import Sync
import TwilioAPI

/// Translates errors of media to the tree's, once their meaning is known.
struct MediaFailures: Sendable {
    let library: MediaLibrary

    /// Translates an error of reading or describing media.
    ///
    /// If the media is missing, Twilio is asked for the recording: it may have been deleted. Likewise where a bucket
    /// may not be read, since S3 says the same of a deleted object.
    func translate(_ error: MediaError, in branch: Branch, completion: @escaping @Sendable (FileTreeError) -> Void) {
        guard error.code == .mediaMissing || error.code == .accessDenied else {
            if mayStemFromResource(error, in: branch) { branch.synchronizer.refresh(error.sid) }
            completion(failure(error))
            return
        }
        branch.synchronizer.recheck(error.sid) { isGone in
            completion(isGone ? branch.absence(of: error.sid, cause: error) : failure(error))
        }
    }

    /// Whether a damaged or incomplete resource may have caused an error, so that fetching it again may help.
    private func mayStemFromResource(_ error: MediaError, in branch: Branch) -> Bool {
        switch error.code {
        case .unreadableEnvelope, .unexpectedContent, .authenticationFailed: return true
        case .keyNotHeld:
            // Only if the named key is held: a missing key is no reason to fetch all resources that name it.
            guard let resource = try? branch.resource(of: error.sid),
                let publicKeySID = resource.publicKeySID.flatMap({ SID($0) })
            else { return false }
            return library.isKeyHeld(publicKeySID: publicKeySID, kind: resource.kind) == true
        default: return false
        }
    }

    private func failure(_ error: MediaError) -> FileTreeError {
        // The cause is the tree's error if the tree refused the opening.
        error.cause as? FileTreeError ?? FileTreeError(.media(error.code), error.message, cause: error)
    }
}
