use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that mean what they say and are no slips of the finger for a name or a command, though they are near one.
const WORDS: &str = "
    halve halved halving doubled doubling tripled triple about above after again agent alert alerts alive alone along also always another answer anybody anyone anything are
    around asked atop aware away back banner basic batch because become been before being below best better between
    blocking both break bring broke broken build builds bump cache called caller cannot carts case cases cause caused
    change changed changes channel chart check checked checker checkers checking choice clear clearly client close
    closed code come comes coming common console copies copy cores could count counter country course customer customers
    daily database deal debug default depend depends detail device different disk does doing done door double down
    drain drop dropped during each early either empty enough error errors even event every everybody everyone everything
    exact exactly example expect explain extra fail failed fails failure false fast faster fewer field file files final
    find fine first fixed flag flags follow forget found four free fresh from full further general getting give given
    going good great green group guess half happen happens have having health healthy heard hello help hence here high
    higher hour hours however image index indexed indexes indices inner instead inside into issue issues itself just keep
    kill know known large last late later latest latter lead least leave less level like limit line lines list little
    load local location logged logging login logins long longer look looks lose lost lower machine made main make manager
    many matter maybe mean means member memory merge message might minute minutes miss missing mistake moment month
    months more morning most move moved much must name names near need needed needs network never next night nobody none
    normal note nothing notice number obvious often okay once ones only open opened opens option order ordered other
    others our outage over overall owner page pager part parts party past pause payed paying people percent person phone
    pick place plan plans please plenty point point possible post posted present prevent previous problem proceed
    process product products project proper public pull pulled push pushed quick quickly quiet quite rather read ready
    real really reason recent release released remove renew repeat reply report reported request requests require rest
    restart result results retry return returns review right roll rolled room rule rules running safe said same say says
    schema score seconds section seem seems seen send server servers serve served serves set share shared ship shipped
    short should show shown side simple since single site size slow slowly small some somebody someone something soon
    sorry sort source space speed stable stack staged stages stale stand standing start started starting state stated
    states stating stats stay stayed staying steady step steps still stop stopped store story strange string such sudden
    suggest sure system table take taken takes talk target task team teams tell test tested tests text than thank thanks
    that their them then there these they thing things think third this those though thought three through ticket time
    times title today together told tomorrow tonight took total touch toward traffic tried true trust turn turned
    twice type under undo until update updated upon used user uses using usual usually value very view visit wait waited
    waiting walk want wanted warn warning watch week weeks well went were what whatever when where whether which while
    whole whose will wish with within without word words work worked works world worry worse worst would write writes
    wrong wrote year years yesterday yet your";

static SET: LazyLock<HashSet<&str>> = LazyLock::new(|| WORDS.split_ascii_whitespace().collect());

/// Whether this is such a word, in lower case.
pub fn ordinary(word: &str) -> bool {
    SET.contains(word)
}
