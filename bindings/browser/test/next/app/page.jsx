// chat.jsx is the component of the README.
import { Chat } from './chat.jsx';

export default function Page() {
  return <Chat />;
}
