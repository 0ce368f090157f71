// chat.jsx is the component of docs/reference/browser.md.
import { Chat } from './chat.jsx';

export default function Page() {
  return <Chat />;
}
