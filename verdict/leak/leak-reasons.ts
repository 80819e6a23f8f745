/** Why a series has the outcome that it has. */
export type LeakReason =
  | 'too-short'
  | 'with-other-lives'
  | 'slope-above-allowed'
  | 'slope-not-below-allowed'
  | 'slope-not-above-allowed'
  | 'rise-has-ended'
  | 'rise-may-settle'
  | 'rise-may-wander'
  | 'shorter-than-cycles'
  | 'rise-is-recent'
  | 'not-material'
  | 'not-borne-out';

const sentences: Readonly<Record<LeakReason, string>> = {
  'too-short': 'there are too few samples to say anything',
  'with-other-lives': 'it is judged together with the other lives of its process',
  'slope-above-allowed': 'it rises by more than is allowed, to the end, and nothing that settles explains it',
  'slope-not-below-allowed': 'a rise of more than is allowed is not ruled out',
  'slope-not-above-allowed': 'a rise of more than is allowed is not shown',
  'rise-has-ended': 'it has risen, and its last third does not show that it goes on',
  'rise-may-settle': 'what fills up or steps once explains its rise as well',
  'rise-may-wander': 'what wanders up and down without end rises as much by chance',
  'shorter-than-cycles': 'what comes down again, or fills up, may take longer than this was watched',
  'rise-is-recent': 'its last third rises, which the whole does not',
  'not-material': 'it would take more than thirty days to matter',
  'not-borne-out':
    'the server counts them as inserted, and the rows that it believes to be there rise by less: they may have been rolled back',
};

export const describeReason = (reason: LeakReason): string => sentences[reason];
