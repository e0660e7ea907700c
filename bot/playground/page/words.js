// What the page itself says, in the browser's language: English as it stands in the code, or Korean.
// What people and applications write is never touched.

const KOREAN = {
  "Actions for the message of {name}": "{name} 님의 메시지에 할 수 있는 일",
  "React with {name}": "{name} 반응하기",
  "Dismiss message": "메시지 닫기",
  "Add a reaction": "반응 추가",
  "Reply": "답장",
  "Edit": "수정",
  "Apps": "앱",
  "Delete": "삭제",
  "Copy text": "글 복사",
  "The browser did not allow copying.": "브라우저에서 복사를 허락하지 않았어요.",
  "This link is no longer valid": "이 링크는 이제 쓸 수 없어요",
  "That message is no longer here.": "그 메시지는 이제 없어요.",
  "This page needs its link": "이 페이지에는 링크가 필요해요",
  "Open picture: {name}": "사진 열기: {name}",
  "Open picture": "사진 열기",
  "Spoiler. Press to show the picture.": "스포일러. 누르면 사진이 보여요.",
  "Spoiler. Press to show it.": "스포일러. 누르면 보여요.",
  "Spoiler": "스포일러",
  "Show the description": "설명 보기",
  "Leave the command": "명령 나가기",
  "Leave out {name}": "{name} 빼기",
  "/{name} takes no more files; {count} left out.": "/{name}에는 파일을 더 넣을 수 없어서 {count}개를 뺐어요.",
  "This part can’t be shown here.": "이 부분은 여기서 보여 줄 수 없어요.",
  "Make a selection": "고르기",
  "Options": "선택지",
  "Cancel the reply": "답장 취소",
  "Editing your message": "메시지 수정 중",
  "Esc to cancel, Enter to save": "Esc로 취소, Enter로 저장",
  "Cancel editing": "수정 취소",
  "Mention the person you reply to": "답장받는 사람 언급하기",
  "Delete this message?": "이 메시지를 삭제할까요?",
  "It is gone for everyone, and can’t be brought back.": "모두에게서 사라지고 되돌릴 수 없어요.",
  "Keep it": "그대로 두기",
  "A golden retriever lying in the grass": "풀밭에 엎드린 골든 리트리버",
  "Describe this picture": "사진 설명하기",
  "What someone who can’t see it should know": "사진을 볼 수 없는 사람이 알아야 할 것",
  "Cancel": "취소",
  "Save": "저장",
  "Picture on another site": "다른 사이트의 사진",
  "Today at {time}": "오늘 {time}",
  "Yesterday at {time}": "어제 {time}",
  "Today": "오늘",
  "Yesterday": "어제",
  "Someone": "누군가",
  "unknown person": "알 수 없는 사람",
  "unknown channel": "알 수 없는 채널",
  "The application did not respond": "앱이 응답하지 않았어요",
  "Not connected at the moment. Try again in a second.": "지금 연결되어 있지 않아요. 잠시 뒤에 다시 해 주세요.",
  "Open the original": "원본 열기",
  "Close": "닫기",
  "The original message was deleted": "원래 메시지가 삭제되었어요",
  "The original message could not be loaded": "원래 메시지를 불러오지 못했어요",
  "Jump to this message": "이 메시지로 가기",
  "Jump to the message this answers: {gist}": "답장한 메시지로 가기: {gist}",
  "Message actions": "메시지에 할 수 있는 일",
  "More": "더 보기",
  "Jump to the newest": "최근 메시지로 가기",
  "{name} needs at least {count} characters.": "{name}: {count}자 이상이어야 해요.",
  "{name} takes at most {count} characters.": "{name}: {count}자까지예요.",
  "{name} must be {value} or more.": "{name}: {value} 이상이어야 해요.",
  "{name} must be {value} or less.": "{name}: {value} 이하여야 해요.",
  "{name}: choose one from the list.": "{name}: 목록에서 골라 주세요.",
  "{name}: {file}. Press to choose another.": "{name}: {file}. 누르면 다른 파일을 고를 수 있어요.",
  "Nothing in the list matches.": "목록에 맞는 것이 없어요.",
  "Nothing matches.": "맞는 것이 없어요.",
  "The choices could not be loaded. Free text works too.": "선택지를 불러오지 못했어요. 직접 써도 돼요.",
  "Choose or drop a file": "파일을 고르거나 끌어 놓기",
  "Try again": "다시 하기",
  "Discard": "버리기",
  "Command on its way": "보내는 중인 명령",
  "Message on its way": "보내는 중인 메시지",
  "Sending the command…": "명령 보내는 중…",
  "Sending…": "보내는 중…",
  "Suggestions": "추천",
  "No command has this name.": "이런 이름의 명령은 없어요.",
  "The files are too large for this channel.": "이 채널에는 너무 큰 파일이에요.",
  "The server answered {status}.": "서버가 {status}(으)로 답했어요.",
  "Connecting…": "연결 중…",
  "Reconnecting…": "다시 연결 중…",
  "Not a spoiler": "스포일러 아님",
  "Mark as spoiler": "스포일러로 표시",
  "A message carries at most {most} files; {count} left out.": "메시지에는 파일을 {most}개까지 넣을 수 있어서 {count}개를 뺐어요.",
  "Several people are typing…": "여러 사람이 입력하고 있어요…",
  "{name} is typing…": "{name} 님이 입력하고 있어요…",
  "{names} and {name} are typing…": "{names}, {name} 님이 입력하고 있어요…",
  "Replying to": "답장 받는 사람:",
  "The playground has been started anew since. Open the link that “bobby playground” printed last.": "그 뒤에 놀이터를 새로 시작했어요. “bobby playground”가 마지막으로 알려 준 링크를 여세요.",
  "Open the link that “bobby playground” printed: it carries the key to this channel.": "“bobby playground”가 알려 준 링크를 여세요. 이 채널의 열쇠가 들어 있어요.",
  "Bobby’s playground": "바비의 놀이터",
  "Skip to the message box": "메시지 입력란으로 건너뛰기",
  "Server": "서버",
  "Playground": "놀이터",
  "on this machine only": "이 기기에서만",
  "Commands": "명령",
  "Here now": "지금 있는 사람",
  "Everything here stays on this machine: the pictures, the messages, and Bobby.": "사진도, 메시지도, 바비도 모두 이 기기에만 있어요.",
  "Messages": "메시지",
  "On their way": "보내는 중",
  "Write a message": "메시지 쓰기",
  "Files to send": "보낼 파일",
  "Attach files": "파일 첨부",
  "Message": "메시지",
  "Send": "보내기",
  "Drop it!": "놓으세요!",
  "The picture joins your message.": "사진이 메시지에 들어가요.",
};

const korean = navigator.language.split("-")[0] === "ko";

/** Say `text` in the browser's language, its {names} filled in by `values`. */
export function t(text, values = {}) {
  const said = (korean && KOREAN[text]) || text;
  return said.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Translate what stands in the page before anybody has written anything. */
export function translatePage() {
  if (!korean) return;
  document.documentElement.lang = "ko";
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const known = KOREAN[node.textContent.trim()];
    if (known) node.textContent = known;
  }
  for (const name of ["aria-label", "title", "placeholder"]) {
    for (const node of document.querySelectorAll(`[${name}]`)) node.setAttribute(name, t(node.getAttribute(name)));
  }
}
